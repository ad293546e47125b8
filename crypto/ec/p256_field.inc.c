/* p256_field: arithmetic modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, one number a lane, five
 * digits of 52 bits. For inclusion after a lane header. Straight lines: no jump but for loops over
 * digits.
 *
 * Numbers stand for x / R, R = 2^260, and are not reduced to below p: p < R / 16, so five digits
 * hold up to 16p. A product of x < a p and y < b p comes out below (a b / 16 + 1) p. In comments
 * bounds are in units of p.
 *
 * Three forms of five digits:
 *   clean  each digit in [0, 2^52)
 *   loose  the same in the low 52 bits, anything above: multiplication looks at those alone
 *   raw    signed columns whose carries were not passed on: to be added, not to be multiplied */
#ifndef LK_CRYPTO_EC_P256_FIELD
#define LK_CRYPTO_EC_P256_FIELD

#include "crypto/ec/p256_const.h"

#define DIGITS LK_P256_DIGITS
#define COLUMNS (2 * DIGITS)
#define MASK52 ((UINT64_C(1) << 52) - 1)
#define EACH_DIGIT(i)                                                                              \
    UNROLL                                                                                         \
    for (unsigned i = 0; i < DIGITS; i++)
#define STRAIGHT static inline __attribute__((always_inline))

/* A constant of p256_const.c in all lanes. From memory: one that the compiler knows would be made
 * anew each time, by an instruction for the port that multiplies. */
STRAIGHT lane constant(const uint64_t *word)
{
    return lane_all(*word);
}

/* --- columns ------------------------------------------------------------------------------------
 * A column has at most ten halves of products and six of a reduction, or twice ten: below 2^57. */

STRAIGHT void columns_zero(lane *t)
{
    UNROLL
    for (unsigned i = 0; i < COLUMNS; i++)
        t[i] = lane_zero();
}

STRAIGHT void digits_keep(lane *to, const lane *from)
{
    EACH_DIGIT(i) to[i] = lane_keep(from[i]);
}

STRAIGHT void multiply_row(lane *t, lane x, const lane *y)
{
    EACH_DIGIT(j) t[j] = lane_madd_lo(t[j], x, y[j]);
    EACH_DIGIT(j) t[j + 1] = lane_madd_hi(t[j + 1], x, y[j]);
}

/* Digit i by those above it. */
STRAIGHT void square_row(lane *t, const lane *x, unsigned i)
{
    UNROLL
    for (unsigned j = i + 1; j < DIGITS; j++) {
        t[i + j] = lane_madd_lo(t[i + j], x[i], x[j]);
        t[i + j + 1] = lane_madd_hi(t[i + j + 1], x[i], x[j]);
    }
}

/* Twice what was made, and each digit by itself. */
STRAIGHT void square_end(lane *t, const lane *x)
{
    UNROLL
    for (unsigned i = 1; i < COLUMNS - 1; i++)
        t[i] = lane_add(t[i], t[i]);
    EACH_DIGIT(i)
    {
        t[2 * i] = lane_madd_lo(t[2 * i], x[i], x[i]);
        t[2 * i + 1] = lane_madd_hi(t[2 * i + 1], x[i], x[i]);
    }
}

/* Makes the lowest column zero by adding q p, and passes on what it was worth. p = -1 modulo 2^52,
 * so q is that column itself, and q p is q (p + 1) without the column; p + 1 has three digits that
 * are not zero. */
STRAIGHT void reduce_row(lane *t)
{
    lane q = t[0], one = constant(&lk_p256.p1[1]), three = constant(&lk_p256.p1[3]),
         four = constant(&lk_p256.p1[4]);
    t[1] = lane_madd_lo(t[1], q, one);
    t[1] = lane_add(t[1], lane_carry(q));
    t[2] = lane_madd_hi(t[2], q, one);
    t[3] = lane_madd_lo(t[3], q, three);
    t[4] = lane_madd_hi(t[4], q, three);
    t[4] = lane_madd_lo(t[4], q, four);
    t[5] = lane_madd_hi(t[5], q, four);
}

/* --- five digits --------------------------------------------------------------------------------
 */

/* Raw to loose; r may be t. The number is in [0, R), or the top digit keeps its sign. */
STRAIGHT void fe_carry(lane *r, const lane *t)
{
    r[0] = t[0];
    UNROLL
    for (unsigned i = 1; i < DIGITS; i++)
        r[i] = lane_add(t[i], lane_carry(r[i - 1]));
}

/* Loose to clean. */
STRAIGHT void fe_mask(lane *r)
{
    lane ones = constant(&lk_p256.ones);
    EACH_DIGIT(i) r[i] = lane_and(r[i], ones);
}

STRAIGHT void fe_copy(lane *r, const lane *x)
{
    EACH_DIGIT(i) r[i] = x[i];
}

STRAIGHT void fe_select(lane *r, lane mask, const lane *x, const lane *y)
{
    EACH_DIGIT(i) r[i] = lane_select(mask, x[i], y[i]);
}

static void fe_constant(lane *r, const uint64_t *word)
{
    EACH_DIGIT(i) r[i] = constant(&word[i]);
}

/* Clean, below 2m, to below m, for a modulus of five digits. */
static void fe_finish(lane *x, const uint64_t *m)
{
    lane d[DIGITS];
    EACH_DIGIT(i) d[i] = lane_sub(x[i], constant(&m[i]));
    fe_carry(d, d);
    lane below = lane_carry(d[DIGITS - 1]);
    fe_mask(d);
    fe_select(x, below, x, d);
}

/* r := x + y, loose; x, y clean. */
static void digits_add(lane *r, const lane *x, const lane *y)
{
    EACH_DIGIT(i) r[i] = lane_add(x[i], y[i]);
    fe_carry(r, r);
}

/* r := c m - x, clean, for clean x of at most c m; multiple is that of c m. */
static void digits_negate(lane *r, const lane *x, const uint64_t *multiple)
{
    EACH_DIGIT(i) r[i] = lane_sub(constant(&multiple[i]), x[i]);
    fe_carry(r, r);
    fe_mask(r);
}

/* All ones where x is negative, else zero, whatever its bits. */
STRAIGHT lane lane_sign(lane x)
{
    return lane_carry(lane_carry(x));
}

/* All ones where all bits of all digits are zero, else zero. */
static lane fe_is_zero(const lane *x)
{
    lane any = lane_zero(), ones = lane_all(~UINT64_C(0));
    EACH_DIGIT(i) any = lane_or(any, x[i]);
    return lane_xor(lane_sign(lane_or(any, lane_sub(lane_zero(), any))), ones);
}

/* --- products ----------------------------------------------------------------------------------
 * Two at a time: the rows of one reduction each wait for the one before, and meanwhile the other
 * product is made. */

/* What becomes of the five columns that a reduction leaves. */
enum form { RAW, LOOSE };

STRAIGHT void columns_out(lane *r, const lane *t, enum form form)
{
    if (form == LOOSE)
        fe_carry(r, t + DIGITS);
    else
        fe_copy(r, t + DIGITS);
}

struct product {
    lane *r;
    const lane *x, *y; /* loose */
    enum form form;
};

/* Operands are read before a result is written, but b's are not before a's result is. */
STRAIGHT void multiply_pair(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS], y[DIGITS];
    columns_zero(t);
    digits_keep(y, a.y);
    EACH_DIGIT(i) multiply_row(t + i, a.x[i], y);
    columns_zero(u);
    digits_keep(y, b.y);
    EACH_DIGIT(i)
    {
        reduce_row(t + i);
        multiply_row(u + i, b.x[i], y);
    }
    columns_out(a.r, t, a.form);
    EACH_DIGIT(i) reduce_row(u + i);
    columns_out(b.r, u, b.form);
}

STRAIGHT void square_pair(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS], x[DIGITS];
    columns_zero(t);
    digits_keep(x, a.x);
    EACH_DIGIT(i) square_row(t, x, i);
    square_end(t, x);
    columns_zero(u);
    digits_keep(x, b.x);
    EACH_DIGIT(i)
    {
        reduce_row(t + i);
        square_row(u, x, i);
    }
    columns_out(a.r, t, a.form);
    square_end(u, x);
    EACH_DIGIT(i) reduce_row(u + i);
    columns_out(b.r, u, b.form);
}

/* r := x y, loose. */
static void fe_mul(lane *r, const lane *x, const lane *y)
{
    lane t[COLUMNS], b[DIGITS];
    columns_zero(t);
    digits_keep(b, y);
    EACH_DIGIT(i)
    {
        multiply_row(t + i, x[i], b);
        reduce_row(t + i);
    }
    columns_out(r, t, LOOSE);
}

static void fe_square(lane *r, const lane *x)
{
    lane t[COLUMNS], a[DIGITS];
    columns_zero(t);
    digits_keep(a, x);
    EACH_DIGIT(i) square_row(t, a, i);
    square_end(t, a);
    EACH_DIGIT(i) reduce_row(t + i);
    columns_out(r, t, LOOSE);
}

/* r := x y - u v + p, clean, by one reduction: in (1 - u v / 16, 2 + x y / 16). */
static void fe_mul_difference(lane *r, const lane *x, const lane *y, const lane *u, const lane *v)
{
    lane s[COLUMNS], t[COLUMNS], b[DIGITS];
    columns_zero(s);
    digits_keep(b, v);
    EACH_DIGIT(i) multiply_row(s + i, u[i], b);
    EACH_DIGIT(i)
    {
        t[i] = lane_sub(lane_zero(), s[i]);
        t[DIGITS + i] = lane_sub(constant(&lk_p256.p[1][i]), s[DIGITS + i]);
    }
    digits_keep(b, y);
    EACH_DIGIT(i)
    {
        multiply_row(t + i, x[i], b);
        reduce_row(t + i);
    }
    columns_out(r, t, LOOSE);
    fe_mask(r);
}

/* Clean x in (0, 16) to below 1 + 2^-27: what is above 2^256 comes back by 2^256 = 2^224 - 2^192
 * - 2^96 + 1. In: loose, the top digit not above 2^52. */
STRAIGHT void fe_fold(lane *x)
{
    lane over = lane_shr(x[4], 48);
    fe_mask(x);
    x[0] = lane_add(x[0], over);
    x[1] = lane_sub(x[1], lane_shl(over, 44));
    x[3] = lane_sub(x[3], lane_shl(over, 36));
    x[4] = lane_add(lane_and(x[4], constant(&lk_p256.low48)), lane_shl(over, 16));
    fe_carry(x, x);
    fe_mask(x);
}

#endif
