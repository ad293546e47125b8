/* p256_points: points judged a lane each, over a lane type. An instance (p256_points_ifma.c,
 * p256_points_ref.c) includes a lane header, then this file, and names the function POINTS. */
#include <stddef.h>

#pragma GCC diagnostic ignored "-Wunused-function" /* most of the field is not asked for */

#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_given.inc.c"
#include "crypto/ec/p256_points.h"

/* Bit l: point[l], of `count` up to LANES; lanes behind the last repeat it. */
static uint64_t vector_judge(const uint8_t *const *point, unsigned count)
{
    lane form = lane_zero(), x[DIGITS], y[DIGITS];
    for (unsigned l = 0; l < LANES; l++)
        given_load(&form, x, y, l, point[l < count ? l : count - 1]);
    lane good = lane_and(form, point_take(x, y));
    uint64_t mask = 0;
    for (unsigned l = 0; l < count; l++)
        mask |= (((const uint64_t *)(const void *)&good)[l] & 1) << l;
    return mask;
}

uint64_t POINTS(const uint8_t *const *point, unsigned count)
{
    uint64_t good = 0;
    for (unsigned i = 0; i < count; i += LANES)
        good |= vector_judge(point + i, count - i < LANES ? count - i : LANES) << i;
    return good;
}
