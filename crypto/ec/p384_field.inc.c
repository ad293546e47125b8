/* p384_field: arithmetic modulo p = 2^384 - 2^128 - 2^96 + 2^32 - 1, one number a lane, eight
 * digits of 52 bits. For inclusion after a lane header. Straight lines: no jump but for loops over
 * digits.
 *
 * Numbers stand for x / R, R = 2^416, and are not reduced to below p: p < R / 2^32, so eight digits
 * hold up to 2^32 p. A product of x < a p and y < b p comes out below (a b / 2^32 + 1) p: whatever
 * is added up here, a hair above 1. In comments bounds are in units of p. */
#ifndef LK_CRYPTO_EC_P384_FIELD
#define LK_CRYPTO_EC_P384_FIELD

#include "crypto/ec/p384_const.h"

/* What the bodies for any curve are told of this one. */
#define CURVE lk_p384
#define TABLE lk_p384_table
#define DIGITS LK_P384_DIGITS
#define NUMBER_BYTES LK_P384_BYTES
#define WINDOW_BITS LK_P384_WINDOW_BITS
#define WINDOWS LK_P384_WINDOWS
#define ENTRIES LK_P384_ENTRIES
#define ROUNDS LK_P384_ROUNDS
#define TEETH LK_P384_COMB_TEETH
#define COMB_ENTRIES LK_P384_COMB_ENTRIES
/* -X of a sum is PPP - R^2 + 2Q + 4, in (0.9, 5.1): nothing that has to come down. */
#define SUM_BELOW 6
/* So of points that are doubled (ec_double.inc.c). */
#define DOUBLE_X_LIFT 4
#define DOUBLE_X_BELOW 6

#include "crypto/ec/ec_digits.inc.c"

/* Makes the lowest column zero by adding q p, and passes on what it was worth. As digits p is
 *
 *   2^32 - 1,  2^52 - 2^44,  2^52 - 2^24 - 1,  -1,  0,  0,  0,  2^20
 *
 * of which the first three are those that any number has, and the rest is what these have borrowed
 * and the highest power. The low half of q (2^32 - 1) is -t modulo 2^52: only its carry is needed,
 * which is t / 2^52 rounded up. */
STRAIGHT void reduce_row(lane *t)
{
    lane q = lane_madd_lo(lane_zero(), t[0], constant(&lk_p384.p0));
    lane zero = constant(&lk_p384.p[1][0]), one = constant(&lk_p384.p[1][1]),
         two = constant(&lk_p384.p[1][2]), seven = constant(&lk_p384.two20);
    t[1] = lane_add(t[1], lane_carry(lane_add(t[0], constant(&lk_p384.ones))));
    t[1] = lane_madd_hi(t[1], q, zero);
    t[1] = lane_madd_lo(t[1], q, one);
    t[2] = lane_madd_hi(t[2], q, one);
    t[2] = lane_madd_lo(t[2], q, two);
    t[3] = lane_madd_hi(t[3], q, two);
    t[3] = lane_sub(t[3], q);
    t[7] = lane_madd_lo(t[7], q, seven);
    t[8] = lane_madd_hi(t[8], q, seven);
}

/* Of a column that is half of one product (p256_field.inc.c): here it is a column as any. */
STRAIGHT void reduce_lowest(lane *t)
{
    reduce_row(t);
}

/* R has room for all. */
STRAIGHT void columns_lower(lane *x)
{
    (void)x;
}

#include "crypto/ec/ec_product.inc.c"

/* Products one after the other (p256_field.inc.c): here each is whole before the next begins, since
 * a row of a product is long enough to hide what its own reduction waits for. A square, whose rows
 * are shorter, is reduced after them: two squares go side by side. */
struct chain {
    bool open; /* none ever is */
};
#define CHAIN_STEP CALLED /* as one body the steps would take a tenth longer */

STRAIGHT void chain_multiply(UNUSED struct chain *c, struct product a)
{
    lane t[COLUMNS];
    columns_begin(t, &a);
    multiply_reduce(t, a.x, a.y, true);
    columns_out(&a, t);
}

STRAIGHT void square_columns(lane *t, const struct product *a)
{
    lane x[DIGITS];
    square_begin(t, a);
    digits_keep(x, a->x);
    EACH_DIGIT(i) square_row(t, x, i);
    square_end(t, x);
}

STRAIGHT void chain_square(UNUSED struct chain *c, struct product a)
{
    lane t[COLUMNS];
    square_columns(t, &a);
    EACH_DIGIT(i) reduce_at(t, i);
    columns_out(&a, t);
}

/* Their reductions go side by side. */
STRAIGHT void squares_beside(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS];
    square_columns(t, &a);
    square_columns(u, &b);
    EACH_DIGIT(i)
    {
        reduce_at(t, i);
        reduce_at(u, i);
    }
    columns_out(&a, t);
    columns_out(&b, u);
}

_Static_assert(BESIDE <= 2, "one square or two");
STRAIGHT void chain_squares(UNUSED struct chain *c, const struct product *a, unsigned count)
{
    if (count == 1)
        chain_square(c, a[0]);
    else
        squares_beside(a[0], a[count - 1]);
}

STRAIGHT void chain_sum(UNUSED struct chain *c, lane *r, const lane *x, const lane *y,
                        const lane *u, const lane *v)
{
    fe_mul_sum(r, x, y, u, v);
}

STRAIGHT void chain_end(UNUSED struct chain *c)
{
}

#endif
