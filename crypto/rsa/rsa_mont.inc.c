/* rsa_mont: arithmetic modulo LANES odd numbers at once, in Montgomery form with R = 2^(52 digits).
 * Included by rsa_kernel.inc.c behind a lane type; docs/kernels.md derives every bound named here.
 *
 * A number is `digits` lanes, least significant first. Of a digit the low 52 bits count: what a
 * carry left above them stays, since lane_madd does not read it ("loose"). lane_clean removes it.
 * Numbers are below 4n where they come in and below 2n where they leave; n < R / 16. */
#include <stdbool.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define BLOCK_MAX 20
#define HALF_MAX (BLOCK_MAX / 2)
#define HALF_LANES (2 * BLOCK_MAX)
#define SUM_LANES (HALF_MAX + 1)
/* Where the sums of the block stand that begins at digit i: SUM_LANES or more from the next, of 15
 * digits or 20, and found without a division. */
#define SUM_AT(i) ((i)*3 / 4)
#define MASK52 ((UINT64_C(1) << 52) - 1)

struct blocks;
struct mont {
    lane *n;                     /* [digits] */
    lane *t;                     /* [2 digits] scratch: a product on its way down */
    lane *quotient;              /* [BLOCK_MAX] scratch */
    lane *half;                  /* [HALF_LANES] scratch of block_mul_halves */
    lane *n_sum, *x_sum, *y_sum; /* [SUM_LANES] of each block: block_sum; n_sum by mont_prepare */
    lane n0;                     /* -1/n mod 2^52 */
    unsigned digits;
    const struct blocks *blocks;
};

/* A number being taken out of a table, digit by digit, while something else is computed. */
struct pick {
    lane *to;
    const uint64_t *row; /* of the next digit */
    lane index;
};

static inline void pick_end(struct pick *pick, const struct picking *picking)
{
    *pick->to++ = picking_end(picking);
    pick->row += TABLE_ROW;
}

static inline void pick_digit(struct pick *pick)
{
    struct picking picking = picking_begin(pick->index);
    UNROLL
    for (int i = 0; i < LANES; i++)
        picking_step(&picking, pick->row, i);
    pick_end(pick, &picking);
}

/* --- blocks ------------------------------------------------------------------------------------
 *
 * Numbers are cut into blocks of D digits, small enough that the D + 1 columns a row of products
 * falls into stay in registers. Column i takes the low half of x_a y_b for a + b = i and the high
 * half for a + b = i - 1. Straight-line code: D is a constant and all loops are written out.
 * A column stays within 2^62 of zero: docs/kernels.md. */

/* t[2D] (+)= x[D] y[D]; fresh: t is taken as zero. */
INLINE void block_mul(lane *t, const lane *x, const lane *y, const int D, const bool fresh)
{
    lane w[2 * BLOCK_MAX + 1];
    UNROLL
    for (int j = 0; j <= D; j++)
        w[j] = fresh ? lane_zero() : t[j];
    UNROLL
    for (int i = 0; i < D; i++) {
        lane xi = x[i];
        UNROLL
        for (int j = 0; j < D; j++) {
            lane yj = lane_keep(y[j]);
            w[i + j] = lane_madd_lo(w[i + j], xi, yj);
            w[i + j + 1] = lane_madd_hi(w[i + j + 1], xi, yj);
        }
        t[i] = w[i];
        if (i + 1 < D) w[i + 1 + D] = fresh ? lane_zero() : t[i + 1 + D];
    }
    UNROLL
    for (int j = D; j < 2 * D; j++)
        t[j] = w[j];
}

/* The same by three products of half the digits (Karatsuba) instead of four:
 *     (x0 + x1)(y0 + y1) - x0 y0 - x1 y1 = x0 y1 + x1 y0
 * Columns of t come out signed. */
struct factor {
    const lane *x, *sum; /* [D]; the sum of its halves by block_sum, where D has Karatsuba */
};

/* s[H + 1] := x[H] + x[H .. 2H - 1], loose; the last is 0 or 1. */
INLINE void block_sum(lane *s, const lane *x, const int H)
{
    lane carry = lane_zero(), ones = lane_all(MASK52);
    UNROLL
    for (int i = 0; i < H; i++) {
        lane sum = lane_add(lane_add(lane_and(x[i], ones), lane_and(x[H + i], ones)), carry);
        carry = lane_carry(sum);
        s[i] = sum;
    }
    s[H] = carry;
}

/* t[2H + 1] += x[H + 1] y[H + 1], whose last digits are 0 or 1. */
INLINE void block_mul_sums(lane *t, const lane *x, const lane *y, const int H)
{
    lane w[2 * HALF_MAX + 2], yr[HALF_MAX + 1];
    UNROLL
    for (int j = 0; j <= H; j++) {
        yr[j] = lane_keep(y[j]);
        w[j] = t[j];
    }
    UNROLL
    for (int i = 0; i < H; i++) {
        lane xi = x[i];
        UNROLL
        for (int j = 0; j <= H; j++)
            w[i + j] = lane_madd_lo(w[i + j], xi, yr[j]);
        t[i] = w[i];
        w[i + 1 + H] = t[i + 1 + H];
        UNROLL
        for (int j = 0; j < H; j++)
            w[i + j + 1] = lane_madd_hi(w[i + j + 1], xi, yr[j]);
    }
    UNROLL
    for (int j = 0; j <= H; j++)
        t[H + j] = lane_madd_lo(w[H + j], x[H], yr[j]);
}

/* t[2H] := x[H] y[H]. All of y stays in registers, and low halves go before high ones, so that no
 * multiply-add waits for the one before it. */
INLINE void block_mul_small(lane *t, const lane *x, const lane *y, const int H)
{
    lane w[2 * HALF_MAX + 1], yr[HALF_MAX];
    UNROLL
    for (int j = 0; j < H; j++) {
        yr[j] = lane_keep(y[j]);
        w[j] = lane_zero();
    }
    UNROLL
    for (int i = 0; i < H; i++) {
        lane xi = x[i];
        w[i + H] = lane_zero();
        UNROLL
        for (int j = 0; j < H; j++)
            w[i + j] = lane_madd_lo(w[i + j], xi, yr[j]);
        t[i] = w[i];
        UNROLL
        for (int j = 0; j < H; j++)
            w[i + j + 1] = lane_madd_hi(w[i + j + 1], xi, yr[j]);
    }
    UNROLL
    for (int j = H; j < 2 * H; j++)
        t[j] = w[j];
}

INLINE void block_mul_halves(const struct mont *m, lane *t, struct factor x, struct factor y,
                             const int D, const bool fresh)
{
    const int H = D / 2;
    lane *low = m->half, *high = m->half + D;
    block_mul_small(low, x.x, y.x, H);
    block_mul_small(high, x.x + H, y.x + H, H);
    UNROLL
    for (int k = 0; k < H; k++) {
        lane inner = lane_sub(low[H + k], high[k]);
        lane t0 = low[k], t1 = lane_sub(inner, low[k]);
        lane t3 = high[H + k], t2 = lane_sub(lane_sub(lane_zero(), inner), t3);
        t[k] = fresh ? t0 : lane_add(t[k], t0);
        t[H + k] = fresh ? t1 : lane_add(t[H + k], t1);
        t[D + k] = fresh ? t2 : lane_add(t[D + k], t2);
        t[D + H + k] = fresh ? t3 : lane_add(t[D + H + k], t3);
    }
    block_mul_sums(t + H, x.sum, y.sum, H);
}

/* t[2D] := 2 (t + products of two different digits of a) + squares of its digits: each product of
 * two digits is made once. Of t the columns below D, from D on, or both, are taken as zero. */
INLINE void block_square(lane *t, const lane *a, const int D, const bool low_fresh,
                         const bool high_fresh)
{
    lane w[2 * BLOCK_MAX + 1];
    UNROLL
    for (int j = 0; j <= D; j++)
        w[j] = (j < D ? low_fresh : high_fresh) ? lane_zero() : t[j];
    t[0] = lane_madd_lo(lane_add(w[0], w[0]), a[0], a[0]);
    UNROLL
    for (int i = 0; i < D; i++) {
        lane ai = a[i];
        UNROLL
        for (int j = i + 1; j < D; j++) {
            lane aj = lane_keep(a[j]);
            w[i + j] = lane_madd_lo(w[i + j], ai, aj);
            w[i + j + 1] = lane_madd_hi(w[i + j + 1], ai, aj);
        }
        t[2 * i + 1] = lane_madd_hi(lane_add(w[2 * i + 1], w[2 * i + 1]), ai, ai);
        if (i + 1 == D) break;
        lane next = lane_keep(a[i + 1]);
        t[2 * i + 2] = lane_madd_lo(lane_add(w[2 * i + 2], w[2 * i + 2]), next, next);
        w[i + 1 + D] = high_fresh ? lane_zero() : t[i + 1 + D];
    }
}

/* Makes the low D columns of t vanish by adding quotient[D] n[D], where quotient comes out; n has D
 * digits here, the caller adds the rest of a longer modulus.
 * Digit i of the quotient makes column i a multiple of 2^52, and the low half of its product with
 * n_0 is the one number that does: it is not computed, its carry is. The next digit is begun eight
 * products early, since it takes three multiplications one after another. */
INLINE void block_reduce(const struct mont *m, lane *t, const int D, struct pick *pick,
                         const bool with_pick)
{
    lane w[2 * BLOCK_MAX + 1], ones = lane_all(MASK52), n0 = m->n0;
    const lane *n = m->n;
    lane low = lane_keep(n[0]);
    UNROLL
    for (int j = 0; j <= D; j++)
        w[j] = t[j];
    lane q = lane_madd_lo(lane_zero(), w[0], n0), next = q;
    lane carry = lane_carry(lane_add(w[0], ones));
    UNROLL
    for (int i = 0; i < D; i++) {
        const bool picks = with_pick && i % 4 == 1;
        struct picking picking;
        if (picks) picking = picking_begin(pick->index);
        m->quotient[i] = q;
        w[i + 1] = lane_add(lane_madd_hi(w[i + 1], q, low), carry);
        UNROLL
        for (int j = 1; j < D; j++) {
            lane nj = lane_keep(n[j]);
            w[i + j] = lane_madd_lo(w[i + j], q, nj);
            w[i + j + 1] = lane_madd_hi(w[i + j + 1], q, nj);
            if (picks && j <= LANES) picking_step(&picking, pick->row, j - 1);
            if (j != 8 || i + 1 == D) continue;
            next = lane_madd_lo(lane_zero(), w[i + 1], n0);
            carry = lane_carry(lane_add(w[i + 1], ones));
        }
        q = next;
        if (picks) pick_end(pick, &picking);
        if (i + 1 < D) w[i + 1 + D] = t[i + 1 + D];
    }
    UNROLL
    for (int j = D; j < 2 * D; j++)
        t[j] = w[j];
}

/* r[D] := t[D] + carry, with carries passed on; returns the last. r may be t. */
INLINE lane block_carry(lane *r, const lane *t, lane carry, const int D)
{
    UNROLL
    for (int i = 0; i < D; i++) {
        lane x = lane_add(t[i], carry);
        carry = lane_carry(x);
        r[i] = x;
    }
    return carry;
}

/* The blocks of one D. */
struct blocks {
    unsigned digits;
    void (*sum)(lane *s, const lane *x);
    void (*mul)(const struct mont *m, lane *t, struct factor x, struct factor y);
    void (*mul_fresh)(const struct mont *m, lane *t, struct factor x, struct factor y);
    void (*square)(lane *t, const lane *a);       /* into what t has */
    void (*square_first)(lane *t, const lane *a); /* t has nothing below D */
    void (*square_last)(lane *t, const lane *a);  /* t has nothing from D on */
    void (*square_fresh)(lane *t, const lane *a);
    void (*reduce)(const struct mont *m, lane *t);
    void (*reduce_pick)(const struct mont *m, lane *t, struct pick *pick); /* a quarter of D */
    lane (*carry)(lane *r, const lane *t, lane carry);
};

#define ALONE static __attribute__((noinline))

ALONE void sum_15(lane *s, const lane *x)
{
    (void)s, (void)x;
}
ALONE void mul_15(const struct mont *m, lane *t, struct factor x, struct factor y)
{
    (void)m;
    block_mul(t, x.x, y.x, 15, false);
}
ALONE void mul_fresh_15(const struct mont *m, lane *t, struct factor x, struct factor y)
{
    (void)m;
    block_mul(t, x.x, y.x, 15, true);
}
ALONE void sum_20(lane *s, const lane *x)
{
    block_sum(s, x, 10);
}
ALONE void mul_20(const struct mont *m, lane *t, struct factor x, struct factor y)
{
    block_mul_halves(m, t, x, y, 20, false);
}
ALONE void mul_fresh_20(const struct mont *m, lane *t, struct factor x, struct factor y)
{
    block_mul_halves(m, t, x, y, 20, true);
}

#define BLOCKS(D)                                                                                  \
    ALONE void square_##D(lane *t, const lane *a)                                                  \
    {                                                                                              \
        block_square(t, a, D, false, false);                                                       \
    }                                                                                              \
    ALONE void square_first_##D(lane *t, const lane *a)                                            \
    {                                                                                              \
        block_square(t, a, D, true, false);                                                        \
    }                                                                                              \
    ALONE void square_last_##D(lane *t, const lane *a)                                             \
    {                                                                                              \
        block_square(t, a, D, false, true);                                                        \
    }                                                                                              \
    ALONE void square_fresh_##D(lane *t, const lane *a)                                            \
    {                                                                                              \
        block_square(t, a, D, true, true);                                                         \
    }                                                                                              \
    ALONE void reduce_##D(const struct mont *m, lane *t)                                           \
    {                                                                                              \
        block_reduce(m, t, D, NULL, false);                                                        \
    }                                                                                              \
    ALONE void reduce_pick_##D(const struct mont *m, lane *t, struct pick *pick)                   \
    {                                                                                              \
        block_reduce(m, t, D, pick, true);                                                         \
    }                                                                                              \
    ALONE lane carry_##D(lane *r, const lane *t, lane carry)                                       \
    {                                                                                              \
        return block_carry(r, t, carry, D);                                                        \
    }                                                                                              \
    static const struct blocks blocks_##D = {                                                      \
        .digits = D,                                                                               \
        .sum = sum_##D,                                                                            \
        .mul = mul_##D,                                                                            \
        .mul_fresh = mul_fresh_##D,                                                                \
        .square = square_##D,                                                                      \
        .square_first = square_first_##D,                                                          \
        .square_last = square_last_##D,                                                            \
        .square_fresh = square_fresh_##D,                                                          \
        .reduce = reduce_##D,                                                                      \
        .reduce_pick = reduce_pick_##D,                                                            \
        .carry = carry_##D,                                                                        \
    };

BLOCKS(15)
BLOCKS(20)

/* --- whole numbers ------------------------------------------------------------------------------
 */

static const struct blocks *blocks_for(unsigned digits)
{
    return digits % 20 == 0 ? &blocks_20 : &blocks_15;
}

/* sum := of each block of x. */
static void sums(const struct mont *m, lane *sum, const lane *x)
{
    const struct blocks *b = m->blocks;
    for (unsigned i = 0; i < m->digits; i += b->digits)
        b->sum(sum + SUM_AT(i), x + i);
}

/* Once n is there. */
static void mont_prepare(const struct mont *m)
{
    sums(m, m->n_sum, m->n);
}

/* The block of x that begins at digit i. */
static struct factor block_at(const lane *x, const lane *sum, unsigned i)
{
    return (struct factor){x + i, sum + SUM_AT(i)};
}

/* r[digits] := t[digits] with carries passed on; r may be t. */
static void pass_carries(const struct blocks *b, lane *r, const lane *t, unsigned digits)
{
    lane carry = lane_zero();
    for (unsigned i = 0; i < digits; i += b->digits)
        carry = b->carry(r + i, t + i, carry);
}

/* t, from digit i on, += quotient n beyond n's first block. */
static void reduce_rest(const struct mont *m, unsigned i)
{
    const struct blocks *b = m->blocks;
    if (m->digits == b->digits) return;
    struct factor q = {m->quotient, m->x_sum};
    b->sum(m->x_sum, m->quotient);
    for (unsigned j = b->digits; j < m->digits; j += b->digits)
        b->mul(m, m->t + i + j, q, block_at(m->n, m->n_sum, j));
}

/* r := t R^-1 mod n, t[2 digits] in m->t. */
static void mont_reduce(const struct mont *m, lane *r, struct pick *pick)
{
    const struct blocks *b = m->blocks;
    for (unsigned i = 0; i < m->digits; i += b->digits) {
        if (pick != NULL)
            b->reduce_pick(m, m->t + i, pick);
        else
            b->reduce(m, m->t + i);
        if (m->digits != b->digits) reduce_rest(m, i);
    }
    pass_carries(b, r, m->t + m->digits, m->digits);
}

/* m->t[2 digits] := x y. Blocks of the same place first: together they fill all columns. */
static void mont_product(const struct mont *m, const lane *x, const lane *y)
{
    const struct blocks *b = m->blocks;
    sums(m, m->x_sum, x);
    sums(m, m->y_sum, y);
    for (unsigned i = 0; i < m->digits; i += b->digits)
        b->mul_fresh(m, m->t + 2 * i, block_at(x, m->x_sum, i), block_at(y, m->y_sum, i));
    for (unsigned i = 0; i < m->digits; i += b->digits)
        for (unsigned j = 0; j < m->digits; j += b->digits)
            if (i != j) b->mul(m, m->t + i + j, block_at(x, m->x_sum, i), block_at(y, m->y_sum, j));
}

/* r := x y R^-1 mod n. r may be x or y. */
static void mont_mul(const struct mont *m, lane *r, const lane *x, const lane *y)
{
    mont_product(m, x, y);
    mont_reduce(m, r, NULL);
}

/* m->t[2 digits] := a^2, of two blocks. */
static void square_two(const struct mont *m, const lane *a)
{
    const struct blocks *b = m->blocks;
    unsigned d = b->digits;
    sums(m, m->x_sum, a);
    b->mul_fresh(m, m->t + d, block_at(a, m->x_sum, 0), block_at(a, m->x_sum, d));
    b->square_first(m->t, a);
    b->square_last(m->t + 2 * d, a + d);
}

/* The same of any number. */
static void square_many(const struct mont *m, const lane *a)
{
    const struct blocks *b = m->blocks;
    sums(m, m->x_sum, a);
    memset(m->t, 0, 2 * m->digits * sizeof(lane));
    for (unsigned i = 0; i < m->digits; i += b->digits)
        for (unsigned j = i + b->digits; j < m->digits; j += b->digits)
            b->mul(m, m->t + i + j, block_at(a, m->x_sum, i), block_at(a, m->x_sum, j));
    for (unsigned i = 0; i < m->digits; i += b->digits)
        b->square(m->t + 2 * i, a + i);
}

/* r := a^2 R^-1 mod n, and meanwhile a quarter of the digits of what is being picked, if anything.
 */
static void mont_square(const struct mont *m, lane *r, const lane *a, struct pick *pick)
{
    const struct blocks *b = m->blocks;
    if (m->digits == b->digits)
        b->square_fresh(m->t, a);
    else if (m->digits == 2 * b->digits)
        square_two(m, a);
    else
        square_many(m, a);
    mont_reduce(m, r, pick);
}

static void lane_clean(lane *r, unsigned digits)
{
    for (unsigned i = 0; i < digits; i++)
        r[i] = lane_and(r[i], lane_all(MASK52));
}

/* d := a - b, digits clean; the lanes where a < b as a mask. a and b are clean. d may be a. */
static lane lane_minus(lane *d, const lane *a, const lane *b, unsigned digits)
{
    lane borrow = lane_zero(); /* 0 or -1 */
    for (unsigned i = 0; i < digits; i++) {
        lane x = lane_add(lane_sub(a[i], b[i]), borrow);
        borrow = lane_carry(x);
        d[i] = lane_and(x, lane_all(MASK52));
    }
    return borrow;
}

/* r below 2n, loose, becomes r mod n, clean. Uses m->t. */
static void mont_finish(const struct mont *m, lane *r)
{
    lane_clean(r, m->digits);
    lane below = lane_minus(m->t, r, m->n, m->digits);
    for (unsigned i = 0; i < m->digits; i++)
        r[i] = lane_select(below, r[i], m->t[i]);
}
