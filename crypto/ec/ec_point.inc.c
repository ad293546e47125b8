/* ec_point: k G for a number k a lane, by a table of multiples of G: no doublings. For inclusion
 * after a curve's field.
 *
 * k is odd and has WINDOWS signed odd digits of w = WINDOW_BITS bits, none of them zero: no
 * addition is left out, and no entry is infinity. Points are (X, Y, ZZ, ZZZ) with x = X / ZZ, y = Y
 * / ZZZ, ZZ^3 = ZZZ^2; an addition of an affine point takes eight products and two squares. It has
 * the wrong result where both points have the same x, which the order of the windows excludes for
 * all k but one; then ZZ and ZZZ come out zero. Proofs: docs/kernels.md.
 *
 * Bounds are those of P-256; P-384 stays below them but for X (X_LIFT, X_BELOW). */
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_product.inc.c"

struct point {
    lane x[DIGITS], y[DIGITS];    /* clean, x below 1 + 2^-27 or X_BELOW, y below 4 */
    lane zz[DIGITS], zzz[DIGITS]; /* loose, below 1.25 */
};

/* What one lane's multiplication holds on to. */
struct multiple {
    struct point sum;
    lane k[DIGITS];    /* clean, odd, below n */
    lane used[DIGITS]; /* k again, from the entries as they were picked and the signs as they were
                        * applied; raw */
    lane stray;        /* not zero below bit 12: an entry was picked that was not wanted */
};

/* An entry of the table: affine, with a sign for y. */
struct entry {
    lane x[DIGITS], y[DIGITS]; /* loose: the tag is still above */
    lane negative;             /* all ones: -y is meant */
};

/* --- digits of k --------------------------------------------------------------------------------
 */

/* Of k the w bits from bit w window + 1 on, u. The digit is 2u + 1 - 2^w, but for the last window,
 * that has fewer bits and for its digit 2u + 1: the same with the highest bit set. */
static lane window_bits(const lane *k, unsigned window)
{
    unsigned at = window * WINDOW_BITS + 1, digit = at / 52, bit = at % 52;
    lane bits = lane_shr(k[digit], bit);
    if (bit + WINDOW_BITS > 52) bits = lane_or(bits, lane_shl(k[digit + 1], 52 - bit));
    bits = lane_and(bits, lane_all(ENTRIES * 2 - 1));
    return window + 1 < WINDOWS ? bits : lane_or(bits, lane_all(ENTRIES));
}

/* used += u, from an index that was used and a sign; the inverse of window_pick. */
static void window_note(struct multiple *m, lane index, lane negative, unsigned window)
{
    unsigned at = window * WINDOW_BITS + 1, digit = at / 52, bit = at % 52;
    lane low = lane_xor(index, lane_and(negative, lane_all(ENTRIES - 1)));
    lane high = lane_and(lane_xor(negative, lane_all(~UINT64_C(0))), lane_all(ENTRIES));
    lane bits = window + 1 < WINDOWS ? lane_or(low, high) : low;
    m->used[digit] = lane_add(m->used[digit], lane_shl(bits, bit));
}

/* The entry for window `window`, noted as used. */
static void window_pick(struct multiple *m, unsigned window, struct entry *entry)
{
    lane bits = window_bits(m->k, window), low = lane_all(ENTRIES - 1);
    /* u below half: negative, and the digit counts down */
    entry->negative = lane_carry(lane_sub(bits, lane_all(ENTRIES)));
    lane index = lane_and(lane_xor(bits, entry->negative), low);
    lane tag = lane_shl(lane_add(index, lane_all(ENTRIES * window)), 52);
    struct pick pick = pick_begin(index);
    EACH_DIGIT(i)
    {
        entry->x[i] = pick_entry(&pick, TABLE[window][i], ENTRIES);
        entry->y[i] = pick_entry(&pick, TABLE[window][DIGITS + i], ENTRIES);
    }
    STAGE(LK_EC_STAGE_ENTRY, entry->x, COLUMNS);
    STAGE(LK_EC_STAGE_SIGN, &entry->negative, 1);
    lane stray = lane_zero();
    EACH_DIGIT(i)
    {
        stray = lane_or(stray, lane_xor(entry->x[i], tag));
        stray = lane_or(stray, lane_xor(entry->y[i], tag));
    }
    m->stray = lane_or(m->stray, lane_shr(stray, 52));
    window_note(m, lane_and(lane_shr(entry->x[0], 52), low), entry->negative, window);
}

/* --- additions ----------------------------------------------------------------------------------
 */

/* An addition's own numbers. */
struct adding {
    lane u[DIGITS], s[DIGITS];               /* x2 ZZ1, y2 ZZZ1 */
    lane p[DIGITS], r[DIGITS];               /* their differences to X1, Y1 */
    lane pp[DIGITS], ppp[DIGITS], q[DIGITS]; /* P^2, P^3, X1 P^2 */
    lane x[DIGITS], w[DIGITS];               /* X3, Q - X3 */
};

static void first_products(struct adding *a, const struct point *sum, const struct entry *entry)
{
    multiply_pair((struct product){a->u, entry->x, sum->zz, RAW},
                  (struct product){a->s, entry->y, sum->zzz, RAW});
}

/* P = U - X1 + 3 in (0, 4.1), or X_BELOW instead of 3; R = +-S - Y1 + 6 in (0, 7.1). */
static void differences(struct adding *a, const struct point *sum, lane negative)
{
    EACH_DIGIT(i)
    a->p[i] = lane_add(lane_sub(a->u[i], sum->x[i]), constant(&CURVE.p[X_BELOW][i]));
    fe_carry(a->p, a->p);
    EACH_DIGIT(i)
    {
        lane s = lane_sub(lane_xor(a->s[i], negative), negative);
        a->r[i] = lane_add(lane_sub(s, sum->y[i]), constant(&CURVE.p[6][i]));
    }
    fe_carry(a->r, a->r);
}

/* PP below 2.1; R^2 below 4.2. */
static void squares(struct adding *a)
{
    square_pair((struct product){a->pp, a->p, a->p, LOOSE},
                (struct product){a->x, a->r, a->r, RAW});
}

/* PPP below 1.6; Q below 1.2. */
static void second_products(struct adding *a, const struct point *sum)
{
    multiply_pair((struct product){a->ppp, a->p, a->pp, LOOSE},
                  (struct product){a->q, sum->x, a->pp, RAW});
}

/* X3 = R^2 - PPP - 2Q + X_LIFT: with 5 in (0, 9.2), folded to 1 + 2^-27; W = Q - X3 + X_BELOW: with
 * 3 in (0, 4.2). */
static void new_x(struct adding *a)
{
    lane ones = constant(&CURVE.ones);
    EACH_DIGIT(i)
    {
        lane less = lane_add(lane_add(a->q[i], a->q[i]), lane_and(a->ppp[i], ones));
        a->x[i] = lane_add(lane_sub(a->x[i], less), constant(&CURVE.p[X_LIFT][i]));
    }
    fe_carry(a->x, a->x);
    fe_fold(a->x);
    EACH_DIGIT(i)
    a->w[i] = lane_add(lane_sub(a->q[i], a->x[i]), constant(&CURVE.p[X_BELOW][i]));
    fe_carry(a->w, a->w);
}

/* ZZ3 = ZZ1 PP, ZZZ3 = ZZZ1 PPP: below 1.25 each. */
static void new_z(const struct adding *a, struct point *sum)
{
    multiply_pair((struct product){sum->zz, sum->zz, a->pp, LOOSE},
                  (struct product){sum->zzz, sum->zzz, a->ppp, LOOSE});
}

/* Y3 = R W - Y1 PPP + 1: R W below 30 and Y1 PPP below 6.4, so in (0.6, 3.9). */
static void new_y(const struct adding *a, struct point *sum)
{
    fe_mul_difference(sum->y, a->r, a->w, sum->y, a->ppp);
    fe_copy(sum->x, a->x);
}

STRAIGHT void add_line(struct adding *a, struct multiple *m, const struct entry *entry,
                       unsigned count)
{
    for (unsigned v = 0; v < count; v++)
        first_products(&a[v], &m[v].sum, &entry[v]);
    for (unsigned v = 0; v < count; v++)
        differences(&a[v], &m[v].sum, entry[v].negative);
    for (unsigned v = 0; v < count; v++)
        squares(&a[v]);
    for (unsigned v = 0; v < count; v++)
        second_products(&a[v], &m[v].sum);
    for (unsigned v = 0; v < count; v++)
        new_x(&a[v]);
    for (unsigned v = 0; v < count; v++)
        new_z(&a[v], &m[v].sum);
    for (unsigned v = 0; v < count; v++)
        new_y(&a[v], &m[v].sum);
    for (unsigned v = 0; v < count; v++)
        STAGE(LK_EC_STAGE_ADD, &m[v].sum, 4 * DIGITS);
}

CALLED void add_one(struct multiple *m, const struct entry *entry)
{
    struct adding a;
    add_line(&a, m, entry, 1);
}

CALLED void add_beside(struct multiple *m, const struct entry *entry)
{
    struct adding a[BESIDE];
    add_line(a, m, entry, BESIDE);
}

/* sum += entry for `count` vectors side by side, one or BESIDE. */
static inline void point_add(struct multiple *m, const struct entry *entry, unsigned count)
{
    if (count == BESIDE)
        add_beside(m, entry);
    else
        add_one(m, entry);
}

/* --- multiplication -----------------------------------------------------------------------------
 */

/* sum := an entry; y below 2. */
static void point_begin(struct point *sum, struct entry *entry)
{
    lane negated[DIGITS];
    fe_mask(entry->x);
    fe_mask(entry->y);
    digits_negate(negated, entry->y, CURVE.p[1]);
    fe_copy(sum->x, entry->x);
    fe_select(sum->y, entry->negative, negated, entry->y);
    fe_constant(sum->zz, CURVE.p_r);
    fe_constant(sum->zzz, CURVE.p_r);
}

/* sum := the entry of the first window. */
static void multiple_begin(struct multiple *m)
{
    struct entry entry;
    EACH_DIGIT(i) m->used[i] = lane_zero();
    m->stray = lane_zero();
    window_pick(m, 0, &entry);
    point_begin(&m->sum, &entry);
}

/* What the next window will read: where, hangs on nothing. */
static void window_prefetch(unsigned window)
{
    const uint8_t *row = (const uint8_t *)TABLE[window];
    for (size_t i = 0; i < sizeof TABLE[0]; i += 64)
        __builtin_prefetch(row + i);
}

static void window_add(struct multiple *m, unsigned window, unsigned vectors)
{
    struct entry entry[BESIDE];
    unsigned v = 0;
    for (; v + BESIDE <= vectors; v += BESIDE) {
        for (unsigned i = 0; i < BESIDE; i++)
            window_pick(&m[v + i], window, &entry[i]);
        point_add(&m[v], entry, BESIDE);
    }
    if (v == vectors) return;
    window_pick(&m[v], window, &entry[0]);
    point_add(&m[v], entry, 1);
}

/* m[v].sum := k G, for `vectors` vectors of lanes. */
static void multiply_base(struct multiple *m, unsigned vectors)
{
    for (unsigned v = 0; v < vectors; v++)
        multiple_begin(&m[v]);
    for (unsigned window = 1; window < WINDOWS; window++) {
        if (window + 1 < WINDOWS) window_prefetch(window + 1);
        window_add(m, window, vectors);
    }
}
