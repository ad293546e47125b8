/* ec_point: k G for a number k a lane, by a table of multiples of G: no doublings. For inclusion
 * after a curve's field.
 *
 * k is odd and has WINDOWS signed odd digits of w = WINDOW_BITS bits, none of them zero: no
 * addition is left out, and no entry is infinity. Points are (X, Y, ZZ, ZZZ) with x = X / ZZ, y = Y
 * / ZZZ, ZZ^3 = ZZZ^2; an addition of an affine point takes eight products and two squares. It has
 * the wrong result where both points have the same x, which the order of the windows excludes for
 * all k but one; then ZZ and ZZZ come out zero. Proofs: docs/kernels.md.
 *
 * While a sum grows it has -X and +-Y, as columns that were not carried: so each is what the
 * columns of a product begin with, and a difference takes no instruction of its own. Instead of an
 * entry, it is Y that is negated: R begins with -Y in the entry's sign, which is 2p - Y where that
 * is the sign of the entry before, and Y itself where it is not.
 *
 * Bounds are those of P-256; P-384 stays below them but for X (columns_lower, SUM_BELOW). */
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_product.inc.c"

/* A sum that grows. Its members are where those of the point are that it becomes. */
struct sum {
    lane less[DIGITS];            /* -X, raw, in (0, 1 + 2^-28) or SUM_BELOW */
    lane y[DIGITS];               /* Y or -Y, raw, in (0, 2) */
    lane zz[DIGITS], zzz[DIGITS]; /* loose, below 1.1 */
    lane turned; /* the first entry's sign, inverted by each addition that made 2p - Y of Y */
};

/* One that is done. */
struct point {
    lane x[DIGITS], y[DIGITS];    /* clean, below 1 + 2^-28 or SUM_BELOW, and 2 */
    lane zz[DIGITS], zzz[DIGITS]; /* loose, below 1.1 */
};

/* What one lane's multiplication holds on to. */
struct multiple {
    union {
        struct sum growing;
        struct point sum; /* from multiple_end on */
    };
    lane negative;     /* the sign of the entry before, as it was picked */
    lane k[DIGITS];    /* clean, odd, below n */
    lane used[DIGITS]; /* k again, from the entries as they were picked and the signs as they were
                        * applied; raw */
    lane added;        /* how many entries were */
    lane stray;        /* not zero: an entry was picked that was not wanted, or one was left out */
};

/* An entry of the table: affine, with a sign for y. */
struct entry {
    lane x[DIGITS], y[DIGITS]; /* loose: the tag is still above */
    lane negative;             /* all ones: -y is meant */
    lane index;                /* as the tag says */
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

/* All ones where Y is -Y after so many additions: each that left Y as it was gave it another
 * sign. */
static inline lane sum_negative(const struct sum *sum, unsigned additions)
{
    return lane_xor(sum->turned, lane_all(0 - (uint64_t)(additions % 2)));
}

/* used += u, from the index that was used and the sign that the sum has by it; the inverse of
 * window_pick. */
static void window_note(struct multiple *m, lane index, unsigned window)
{
    unsigned at = window * WINDOW_BITS + 1, digit = at / 52, bit = at % 52;
    lane negative = sum_negative(&m->growing, window);
    lane low = lane_xor(index, lane_and(negative, lane_all(ENTRIES - 1)));
    /* The last window's digit is never negative: if it was made so, that is not what k is. */
    lane high = window + 1 < WINDOWS ? lane_not(negative) : negative;
    lane bits = lane_or(low, lane_and(high, lane_all(ENTRIES)));
    m->used[digit] = lane_add(m->used[digit], lane_shl(bits, bit));
}

/* k := what was multiplied by, loose. It is odd, and windows begin at bit 1. */
static inline void used_take(const struct multiple *m, lane *k)
{
    fe_copy(k, m->used);
    k[0] = lane_or(k[0], lane_all(1));
    fe_carry(k, k);
}

/* The entry for window `window`. */
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
    entry->index = lane_and(lane_shr(entry->x[0], 52), low);
}

/* --- additions ----------------------------------------------------------------------------------
 */

/* An addition's own numbers. */
struct adding {
    lane y1[DIGITS];                   /* Y1 as the entry's sign wants it, negated: raw */
    lane p[DIGITS], r[DIGITS];         /* x2 ZZ1 - X1, y2 ZZZ1 - Y1 */
    lane pp[DIGITS];                   /* P^2 */
    lane less[DIGITS], less_q[DIGITS]; /* -X1 loose; -Q - 2 = -X1 P^2 - 2, raw */
    lane ppp[DIGITS], cube[DIGITS];    /* P^3, raw and loose */
    lane rr[DIGITS];                   /* R^2 - 2Q - 4, raw */
    lane w[DIGITS];                    /* Q - X3 */
};

/* One step of one vector's addition. No step takes what the step right before it makes: of two
 * vectors that one is the other's; of a vector alone the one step that would waits (add_line). */
#define STEP(name)                                                                                 \
    CHAIN_STEP void name(UNUSED struct chain *chain, struct adding *a, UNUSED struct multiple *m,  \
                         UNUSED const struct entry *entry)

/* y1 := -+Y1, in (0, 2). The sign that the sum has then follows from what was done here. */
STEP(make_y1)
{
    struct sum *sum = &m->growing;
    lane_choice same = choice_equal(entry->negative, m->negative);
    EACH_DIGIT(i) a->y1[i] = lane_sub_where(same, constant(&CURVE.p[2][i]), sum->y[i]);
    EACH_DIGIT(i) same = choice_after(same, &a->y1[i]);
    sum->turned = lane_not_where(same, sum->turned);
    m->negative = entry->negative;
}

/* P below 2.1, or 1.1 + SUM_BELOW. */
STEP(make_p)
{
    fe_copy(a->p, m->growing.less);
    chain_multiply(chain, (struct product){a->p, entry->x, m->growing.zz, SUM_LOOSE});
}

/* R below 3.1. */
STEP(make_r)
{
    fe_copy(a->r, a->y1);
    chain_multiply(chain, (struct product){a->r, entry->y, m->growing.zzz, SUM_LOOSE});
}

/* PP below 1.3; of all vectors. */
CHAIN_STEP void make_pp(struct chain *chain, struct adding *a, unsigned count)
{
    struct product square[BESIDE];
    UNROLL
    for (unsigned v = 0; v < count; v++)
        square[v] = (struct product){a[v].pp, a[v].p, a[v].p, LOOSE};
    chain_squares(chain, square, count);
}

/* -Q - 2 = -X1 PP - 2 below -0.9. */
STEP(make_q)
{
    fe_carry(a->less, m->growing.less);
    fe_constant(a->less_q, CURVE.less);
    chain_multiply(chain, (struct product){a->less_q, a->less, a->pp, SUM_RAW});
}

/* PPP below 1.2. */
STEP(make_ppp)
{
    chain_multiply(chain, (struct product){a->ppp, a->p, a->pp, RAW});
}

/* R^2 below 1.6, and -2Q - 4 for nothing; of all vectors. */
CHAIN_STEP void make_rr(struct chain *chain, struct adding *a, unsigned count)
{
    struct product square[BESIDE];
    UNROLL
    for (unsigned v = 0; v < count; v++) {
        fe_copy(a[v].rr, a[v].less_q);
        square[v] = (struct product){a[v].rr, a[v].r, a[v].r, SUM_RAW};
    }
    chain_squares(chain, square, count);
}

/* ZZ3 = ZZ1 PP, below 1.1. */
STEP(make_zz)
{
    lane *zz = m->growing.zz;
    chain_multiply(chain, (struct product){zz, zz, a->pp, LOOSE});
}

/* ZZZ3 = ZZZ1 PPP, below 1.1. */
STEP(make_zzz)
{
    lane *zzz = m->growing.zzz;
    fe_carry(a->cube, a->ppp);
    chain_multiply(chain, (struct product){zzz, zzz, a->cube, LOOSE});
}

/* -X3 = PPP - R^2 + 2Q, in (0.2, 5.2) or (0.9, 5.1), then columns_lower; W = Q - X3 in (0.9, 3.1),
 * or below 7.2. */
STEP(make_x)
{
    lane *less = m->growing.less;
    EACH_DIGIT(i) less[i] = lane_sub(a->ppp[i], a->rr[i]);
    columns_lower(less);
    EACH_DIGIT(i) a->w[i] = lane_sub(less[i], a->less_q[i]);
    fe_carry(a->w, a->w);
}

/* Y3 = R W - Y1 PPP: below (9.6 + 2.4) / 16 + 1. */
STEP(make_y)
{
    fe_carry(a->y1, a->y1);
    chain_sum(chain, m->growing.y, a->r, a->w, a->y1, a->cube);
}

#define EACH_VECTOR(step)                                                                          \
    UNROLL                                                                                         \
    for (unsigned v = 0; v < count; v++)                                                           \
    step(&chain, &a[v], &m[v], &entry[v])

STRAIGHT void add_line(struct adding *a, struct multiple *m, const struct entry *entry,
                       unsigned count)
{
    struct chain chain = {.open = false};
    EACH_VECTOR(make_y1);
    EACH_VECTOR(make_p);
    EACH_VECTOR(make_r);
    make_pp(&chain, a, count);
    if (count == 1) chain_end(&chain); /* -Q wants P^2, and no other vector's step is between */
    EACH_VECTOR(make_q);
    EACH_VECTOR(make_ppp);
    make_rr(&chain, a, count);
    EACH_VECTOR(make_zz);
    EACH_VECTOR(make_zzz);
    EACH_VECTOR(make_x);
    EACH_VECTOR(make_y);
    chain_end(&chain);
    for (unsigned v = 0; v < count; v++) {
        m[v].added = lane_add(m[v].added, lane_all(1));
        STAGE(LK_EC_STAGE_ADD, &m[v].growing, 4 * DIGITS);
        STAGE(LK_EC_STAGE_ADD, &m[v].added, 1);
        STAGE(LK_EC_STAGE_SIGN, &m[v].growing.turned, 1);
        STAGE(LK_EC_STAGE_SIGN, &m[v].negative, 1);
    }
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

/* growing += entry for `count` vectors side by side, one or BESIDE. */
static inline void point_add(struct multiple *m, const struct entry *entry, unsigned count)
{
    if (count == BESIDE)
        add_beside(m, entry);
    else
        add_one(m, entry);
}

/* --- multiplication -----------------------------------------------------------------------------
 */

/* growing := an entry. */
static void multiple_begin(struct multiple *m, struct entry *entry)
{
    struct sum *sum = &m->growing;
    fe_mask(entry->x);
    fe_mask(entry->y);
    EACH_DIGIT(i) sum->less[i] = lane_sub(constant(&CURVE.p[1][i]), entry->x[i]);
    fe_copy(sum->y, entry->y);
    fe_constant(sum->zz, CURVE.p_r);
    fe_constant(sum->zzz, CURVE.p_r);
    sum->turned = m->negative = entry->negative;
    m->added = lane_zero();
}

/* sum := what has grown by so many additions, in its place: ZZ and ZZZ stay. */
static void multiple_end(struct multiple *m, unsigned additions)
{
    struct point *sum = &m->sum;
    lane negative = sum_negative(&m->growing, additions);
    EACH_DIGIT(i)
    {
        sum->x[i] = lane_sub(constant(&CURVE.p[SUM_BELOW][i]), m->growing.less[i]);
        lane negated = lane_sub(constant(&CURVE.p[2][i]), m->growing.y[i]);
        sum->y[i] = lane_select(negative, negated, m->growing.y[i]);
    }
    columns_fold(sum->x);
    fe_carry(sum->y, sum->y);
    fe_mask(sum->y);
}
_Static_assert(offsetof(struct sum, zz) == offsetof(struct point, zz), "left in its place");

/* growing := the entry of the first window. */
static void window_first(struct multiple *m)
{
    struct entry entry;
    EACH_DIGIT(i) m->used[i] = lane_zero();
    m->stray = lane_zero();
    window_pick(m, 0, &entry);
    multiple_begin(m, &entry);
    window_note(m, entry.index, 0);
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
        for (unsigned i = 0; i < BESIDE; i++)
            window_note(&m[v + i], entry[i].index, window);
    }
    if (v == vectors) return;
    window_pick(&m[v], window, &entry[0]);
    point_add(&m[v], entry, 1);
    window_note(&m[v], entry[0].index, window);
}

/* m[v].sum := k G, for `vectors` vectors of lanes. */
static void multiply_base(struct multiple *m, unsigned vectors)
{
    for (unsigned v = 0; v < vectors; v++)
        window_first(&m[v]);
    for (unsigned window = 1; window < WINDOWS; window++) {
        if (window + 1 < WINDOWS) window_prefetch(window + 1);
        window_add(m, window, vectors);
    }
    for (unsigned v = 0; v < vectors; v++) {
        multiple_end(&m[v], WINDOWS - 1);
        m[v].stray = lane_or(m[v].stray, lane_xor(m[v].added, lane_all(WINDOWS - 1)));
    }
}
