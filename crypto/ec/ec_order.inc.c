/* ec_order: arithmetic modulo n, the order of the base point, with the forms and bounds of the
 * curve's field, which is included before: n < R / 16 too. n has no shape to make use of: this is
 * Montgomery's reduction as it is for any number. A few dozen of these products stand beside the
 * 400 and more of a multiplication k G. */
#ifndef LK_CRYPTO_EC_ORDER
#define LK_CRYPTO_EC_ORDER

#include "crypto/ec/ec_product.inc.c"

/* q = -t / n modulo 2^52. The lowest column becomes a multiple of 2^52. */
STRAIGHT void order_reduce_row(lane *t)
{
    lane q = lane_madd_lo(lane_zero(), t[0], constant(&CURVE.n0));
    t[0] = lane_madd_lo(t[0], q, constant(&CURVE.n[1][0]));
    t[1] = lane_add(t[1], lane_carry(t[0]));
    UNROLL
    for (unsigned j = 1; j < DIGITS; j++)
        t[j] = lane_madd_lo(t[j], q, constant(&CURVE.n[1][j]));
    EACH_DIGIT(j) t[j + 1] = lane_madd_hi(t[j + 1], q, constant(&CURVE.n[1][j]));
}

/* r := x y / R mod n, loose. */
static void order_mul(lane *r, const lane *x, const lane *y)
{
    lane t[COLUMNS], b[DIGITS];
    columns_zero(t);
    digits_keep(b, y);
    EACH_DIGIT(i)
    {
        multiply_row(t + i, x[i], b);
        order_reduce_row(t + i);
    }
    fe_carry(r, t + DIGITS);
}

/* r := x y / R mod n, clean, below n: x y below 16 n^2. */
static void order_mul_finish(lane *r, const lane *x, const lane *y)
{
    order_mul(r, x, y);
    fe_mask(r);
    fe_finish(r, CURVE.n[1]);
}

/* All ones where clean 0 < x < n. */
static inline lane in_range(const lane *x)
{
    return lane_select(fe_is_zero(x), lane_zero(), is_below(x, CURVE.n[1]));
}

#endif
