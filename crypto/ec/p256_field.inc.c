/* p256_field: arithmetic modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, one number a lane, five
 * digits of 52 bits. For inclusion after a lane header. Straight lines: no jump but for loops over
 * digits.
 *
 * Numbers stand for x / R, R = 2^260, and are not reduced to below p: p < R / 16, so five digits
 * hold up to 16p. A product of x < a p and y < b p comes out below (a b / 16 + 1) p. In comments
 * bounds are in units of p. */
#ifndef LK_CRYPTO_EC_P256_FIELD
#define LK_CRYPTO_EC_P256_FIELD

#include "crypto/ec/p256_const.h"

/* What the bodies for any curve are told of this one. */
#define CURVE lk_p256
#define TABLE lk_p256_table
#define DIGITS LK_P256_DIGITS
#define NUMBER_BYTES LK_P256_BYTES
#define WINDOW_BITS LK_P256_WINDOW_BITS
#define WINDOWS LK_P256_WINDOWS
#define ENTRIES LK_P256_ENTRIES
#define ROUNDS LK_P256_ROUNDS
#define TEETH LK_P256_COMB_TEETH
#define COMB_ENTRIES LK_P256_COMB_ENTRIES
/* A multiple of p that -X of a sum of entries does not reach (ec_point.inc.c). */
#define SUM_BELOW 2
/* Multiples of p that make the difference positive from which X of a point that is doubled is taken
 * (ec_double.inc.c), and those from which that X is. */
#define DOUBLE_X_LIFT 6
#define DOUBLE_X_BELOW 2

#include "crypto/ec/ec_digits.inc.c"

/* Makes the lowest column zero by adding q p. p = -1 modulo 2^52, so q is that column itself, and
 * q p is q (p + 1) without the column; p + 1 has three digits that are not zero. This one is for a
 * column that is half of one product: it has nothing above bit 52 to pass on. */
STRAIGHT void reduce_lowest(lane *t)
{
    lane q = t[0], one = constant(&lk_p256.p1[1]), three = constant(&lk_p256.p1[3]),
         four = constant(&lk_p256.p1[4]);
    t[1] = lane_madd_lo(t[1], q, one);
    t[2] = lane_madd_hi(t[2], q, one);
    t[3] = lane_madd_lo(t[3], q, three);
    t[4] = lane_madd_hi(t[4], q, three);
    t[4] = lane_madd_lo(t[4], q, four);
    t[5] = lane_madd_hi(t[5], q, four);
}

/* The same of any column: what it is worth above is passed on. */
STRAIGHT void reduce_row(lane *t)
{
    t[1] = lane_add(t[1], lane_carry(t[0]));
    reduce_lowest(t);
}

/* Raw x in (2^-40, 16) to below 1 + 2^-28, raw. What lower columns are worth above the top one is
 * less than 2^-42 and is not waited for: the top one alone says how often 2^256 is in x, within
 * that. 2^256 = 2^224 - 2^192 - 2^96 + 1, which is more than what that may be wrong by. */
STRAIGHT void columns_lower(lane *x)
{
    lane over = lane_sra(x[4], 48);
    x[0] = lane_add(x[0], over);
    x[1] = lane_sub(x[1], lane_shl(over, 44));
    x[3] = lane_sub(x[3], lane_shl(over, 36));
    x[4] = lane_add(lane_and(x[4], constant(&lk_p256.low48)), lane_shl(over, 16));
}

#include "crypto/ec/ec_product.inc.c"

/* Products one after the other: the rows of a reduction each wait for the one before, and meanwhile
 * those of the next product are made. That is begun before this one's result is there, which must
 * not be one of its operands; chain_end puts the last one there. */
struct chain {
    bool open, sum; /* a product waits for its reduction; it is one of chain_sum */
    struct product of;
    lane t[COLUMNS];
};
#define CHAIN_STEP STRAIGHT /* one body: what waits stays in registers */

STRAIGHT void chain_row(struct chain *c, unsigned i)
{
    if (!c->open) return;
    if (c->sum)
        reduce_row(c->t + i);
    else
        reduce_at(c->t, i);
}

STRAIGHT void chain_out(struct chain *c)
{
    if (c->open) columns_out(&c->of, c->t);
    c->open = false;
}

STRAIGHT void chain_end(struct chain *c)
{
    EACH_DIGIT(i) chain_row(c, i);
    chain_out(c);
}

STRAIGHT void chain_put(struct chain *c, struct product of, const lane *t)
{
    chain_out(c);
    c->open = true;
    c->sum = false;
    c->of = of;
    UNROLL
    for (unsigned i = 0; i < COLUMNS; i++)
        c->t[i] = t[i];
}

STRAIGHT void chain_multiply(struct chain *c, struct product a)
{
    lane t[COLUMNS], y[DIGITS];
    columns_begin(t, &a);
    digits_keep(y, a.y);
    EACH_DIGIT(i)
    {
        chain_row(c, i);
        multiply_row(t + i, a.x[i], y);
    }
    chain_put(c, a, t);
}

STRAIGHT void chain_square(struct chain *c, struct product a)
{
    lane t[COLUMNS], x[DIGITS];
    square_begin(t, &a);
    digits_keep(x, a.x);
    EACH_DIGIT(i)
    {
        chain_row(c, i);
        square_row(t, x, i);
    }
    square_end(t, x);
    chain_put(c, a, t);
}

STRAIGHT void chain_squares(struct chain *c, const struct product *a, unsigned count)
{
    UNROLL
    for (unsigned i = 0; i < count; i++)
        chain_square(c, a[i]);
}

/* r := x y + u v, as fe_mul_sum. */
STRAIGHT void chain_sum(struct chain *c, lane *r, const lane *x, const lane *y, const lane *u,
                        const lane *v)
{
    lane t[COLUMNS], b[DIGITS];
    columns_zero(t);
    digits_keep(b, v);
    EACH_DIGIT(i)
    {
        chain_row(c, i);
        multiply_row(t + i, u[i], b);
    }
    digits_keep(b, y);
    EACH_DIGIT(i) multiply_row(t + i, x[i], b);
    chain_put(c, (struct product){r, x, y, RAW}, t);
    c->sum = true;
}

#endif
