/* ec_curve: the equation of a curve y^2 = x^3 - 3x + b. For inclusion after a curve's field; STAGE
 * as in ec_kernel.inc.c. Bounds are those of P-256; P-384 stays below them. */
#ifndef LK_CRYPTO_EC_CURVE
#define LK_CRYPTO_EC_CURVE

#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_product.inc.c"

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

#endif
