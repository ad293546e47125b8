/* ec_given: is what somebody gives a point of the curve? For inclusion after a curve's field; STAGE
 * as in ec_kernel.inc.c. Bounds are those of P-256; P-384 stays below them. */
#ifndef LK_CRYPTO_EC_GIVEN
#define LK_CRYPTO_EC_GIVEN

#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_product.inc.c"

/* All ones where clean x is below the modulus. */
static lane is_below(const lane *x, const uint64_t *modulus)
{
    lane d[DIGITS];
    EACH_DIGIT(i) d[i] = lane_sub(x[i], constant(&modulus[i]));
    fe_carry(d, d);
    return lane_carry(d[DIGITS - 1]);
}

/* All ones where the residue of x, loose and below 16, is zero. */
static lane is_multiple(const lane *x)
{
    lane t[DIGITS], one[DIGITS];
    fe_constant(one, CURVE.one);
    fe_mul(t, x, one); /* at most 1 */
    fe_mask(t);
    fe_finish(t, CURVE.p[1]);
    STAGE(LK_EC_STAGE_CHECK, t, DIGITS);
    return fe_is_zero(t);
}

/* All ones where y^2 - x (x^2 - 3) - b = 0. In Montgomery form, below 1. */
static lane is_on_curve(const lane *x, const lane *y)
{
    lane t[DIGITS], right[DIGITS];
    fe_square(t, x);
    fe_mask(t);
    EACH_DIGIT(i)
    {
        lane one = constant(&CURVE.p_r[i]);
        t[i] = lane_sub(lane_add(t[i], constant(&CURVE.p[3][i])),
                        lane_add(lane_add(one, one), one)); /* in (0, 4.2) */
    }
    fe_carry(t, t);
    fe_mul(right, x, t); /* below 1.3 */
    fe_mask(right);
    fe_square(t, y);
    fe_mask(t);
    EACH_DIGIT(i)
    {
        lane c = lane_sub(constant(&CURVE.p[3][i]), constant(&CURVE.b_r[i]));
        t[i] = lane_add(lane_sub(t[i], right[i]), c); /* in (0.7, 4.1) */
    }
    fe_carry(t, t);
    return is_multiple(t);
}

/* x, y := the coordinates in Montgomery form, clean, below 1. Returns all ones where they are a
 * point's. */
static lane point_take(lane *x, lane *y)
{
    lane power[DIGITS], in_range = lane_and(is_below(x, CURVE.p[1]), is_below(y, CURVE.p[1]));
    fe_constant(power, CURVE.p_r2);
    fe_mul(x, x, power);
    fe_mul(y, y, power);
    fe_mask(x);
    fe_mask(y);
    fe_finish(x, CURVE.p[1]);
    fe_finish(y, CURVE.p[1]);
    return lane_and(in_range, is_on_curve(x, y));
}

/* Lane l := a point as a peer sends it; form: all ones where that is 04. */
static inline void given_load(lane *form, lane *x, lane *y, unsigned l, const uint8_t *point)
{
    ((uint64_t *)(void *)form)[l] = point[0] == 4 ? ~UINT64_C(0) : 0;
    bytes_load(x, l, point + 1, NUMBER_BYTES, DIGITS);
    bytes_load(y, l, point + 1 + NUMBER_BYTES, NUMBER_BYTES, DIGITS);
}

#endif
