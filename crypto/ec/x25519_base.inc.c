/* x25519_base: k times the base point for a number k a lane, on the Edwards curve, by a table of
 * multiples: no doublings. k is 8 v, and of v and the order less v one is odd; that one has 36
 * signed odd digits of 7 bits and gives the same u. The law of addition is complete: no point is an
 * exception. Points are (X, Y, Z, T) with x = X / Z, y = Y / Z, x y = T / Z; adding an entry takes
 * seven products. Source: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited", 2008,
 * 3.1. */
#include "crypto/ec/x25519_field.inc.c"

struct sum {
    lane x[DIGITS], y[DIGITS], z[DIGITS]; /* raw, y and z lifted */
    lane t[DIGITS];                       /* loose */
};

/* What one lane's multiplication holds on to. */
struct multiple {
    struct sum sum;
    lane v[DIGITS]; /* odd, clean, below 2^252 */
};

/* An entry of the table: y - x, y + x, 2 d x y; clean. */
struct entry {
    lane less[DIGITS], more[DIGITS], product[DIGITS];
    lane negative; /* all ones: the product counts negative, and the others changed places */
};

/* v := k / 8 or the order less that. */
static void multiple_begin(struct multiple *m, const lane *k)
{
    lane other[DIGITS], v[DIGITS];
    EACH_DIGIT(i)
    {
        lane next = i + 1 < DIGITS ? lane_shl(k[i + 1], 49) : lane_zero();
        v[i] = lane_or(lane_shr(k[i], 3), next);
    }
    fe_mask(v);
    digits_negate(other, v, lk_x25519.order);
    lane even = lane_sub(lane_and(v[0], lane_all(1)), lane_all(1));
    fe_select(m->v, even, other, v);
    EACH_DIGIT(i)
    {
        m->sum.x[i] = m->sum.t[i] = lane_zero();
        lane one = constant(&lk_x25519.one[i]);
        m->sum.y[i] = m->sum.z[i] = lane_add(one, constant(&lk_x25519.lift[i]));
    }
    LK_WIPE(v);
    LK_WIPE(other);
}

/* Bits 7w + 1 .. 7w + 7 of v, b. The digit is 2b + 1 - 128, but for the last window, that has the
 * six highest bits and for its digit 2b + 1: the same with a seventh bit set. */
static lane window_bits(const lane *v, unsigned window)
{
    unsigned at = window * LK_X25519_WINDOW_BITS + 1, digit = at / 52, bit = at % 52;
    lane bits = lane_shr(v[digit], bit);
    if (bit + LK_X25519_WINDOW_BITS > 52) bits = lane_or(bits, lane_shl(v[digit + 1], 52 - bit));
    bits = lane_and(bits, lane_all(LK_X25519_ENTRIES * 2 - 1));
    return window + 1 < LK_X25519_WINDOWS ? bits : lane_or(bits, lane_all(LK_X25519_ENTRIES));
}

static void window_pick(const struct multiple *m, unsigned window, struct entry *entry)
{
    lane bits = window_bits(m->v, window);
    /* b below 64: negative, and the digit counts down */
    lane negative = lane_carry(lane_sub(bits, lane_all(LK_X25519_ENTRIES)));
    lane index = lane_and(lane_xor(bits, negative), lane_all(LK_X25519_ENTRIES - 1));
    struct pick pick = pick_begin(index);
    EACH_DIGIT(i)
    {
        const uint64_t(*row)[LK_X25519_ENTRIES] = &lk_x25519_table[window][i];
        lane less = pick_entry(&pick, row[0], LK_X25519_ENTRIES),
             more = pick_entry(&pick, row[DIGITS], LK_X25519_ENTRIES);
        entry->less[i] = lane_select(negative, more, less);
        entry->more[i] = lane_select(negative, less, more);
        entry->product[i] = pick_entry(&pick, row[2 * DIGITS], LK_X25519_ENTRIES);
    }
    entry->negative = negative;
    STAGE(LK_X25519_STAGE_ENTRY, entry->less, 3 * DIGITS + 1);
}

STRAIGHT void entry_add(struct sum *s, const struct entry *entry)
{
    lane less[DIGITS], more[DIGITS], a[DIGITS], b[DIGITS], c[DIGITS];
    lane e[DIGITS], f[DIGITS], g[DIGITS], h[DIGITS];
    fe_sub(less, s->y, s->x);
    fe_add(more, s->y, s->x);
    multiply_pair((struct product){a, less, entry->less, ZERO},
                  (struct product){b, more, entry->more, LIFTED});
    fe_product(c, s->t, entry->product, ZERO);
    fe_sub(e, b, a);
    fe_add(h, b, a);
    EACH_DIGIT(i)
    {
        c[i] = lane_sub(lane_xor(c[i], entry->negative), entry->negative);
        s->z[i] = lane_add(s->z[i], s->z[i]);
    }
    fe_sub(f, s->z, c);
    fe_add(g, s->z, c);
    multiply_pair((struct product){s->x, e, f, ZERO}, (struct product){s->y, g, h, LIFTED});
    multiply_pair((struct product){s->t, e, h, ZERO}, (struct product){s->z, f, g, LIFTED});
    fe_settle(s->t, s->t);
}

/* What the next window will read: where, hangs on nothing. */
static void window_prefetch(unsigned window)
{
    const uint8_t *row = (const uint8_t *)lk_x25519_table[window];
    for (size_t i = 0; i < sizeof lk_x25519_table[0]; i += 64)
        __builtin_prefetch(row + i);
}

/* m[v].sum := 8 v B, for `vectors` vectors of lanes. */
static void multiply_base(struct multiple *m, unsigned vectors)
{
    struct entry entry;
    for (unsigned window = 0; window < LK_X25519_WINDOWS; window++) {
        if (window + 1 < LK_X25519_WINDOWS) window_prefetch(window + 1);
        for (unsigned v = 0; v < vectors; v++) {
            window_pick(&m[v], window, &entry);
            entry_add(&m[v].sum, &entry);
            STAGE(LK_X25519_STAGE_ADD, &m[v].sum, 4 * DIGITS);
        }
    }
}

/* --- the check ----------------------------------------------------------------------------------
 */

/* All ones where the sum, loose, is a point: X Y = Z T and Y^2 - X^2 = Z^2 + d T^2. */
static lane sum_holds(const struct sum *s)
{
    lane left[DIGITS], right[DIGITS], t[DIGITS], d[DIGITS];
    multiply_pair((struct product){left, s->x, s->y, LIFTED},
                  (struct product){right, s->z, s->t, ZERO});
    fe_sub(left, left, right);
    fe_reduce(left);
    lane good = fe_is_zero(left);
    fe_square(t, s->t);
    fe_constant(d, lk_x25519.d);
    fe_product(t, t, d, ZERO);
    square_pair((struct product){left, s->y, s->y, LIFTED},
                (struct product){right, s->x, s->x, ZERO});
    EACH_DIGIT(i) left[i] = lane_sub(left[i], lane_add(right[i], t[i]));
    fe_squared(right, s->z, ZERO);
    fe_sub(left, left, right);
    fe_reduce(left);
    return lane_and(good, fe_is_zero(left));
}
