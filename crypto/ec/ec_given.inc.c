/* ec_given: is what somebody gives a point of the curve? For inclusion after a curve's field; STAGE
 * as in ec_kernel.inc.c. */
#ifndef LK_CRYPTO_EC_GIVEN
#define LK_CRYPTO_EC_GIVEN

#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/ec_curve.inc.c"

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
