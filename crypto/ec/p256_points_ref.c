/* Points of P-256 judged in two lanes of plain C. */
#include "crypto/lane_ref.h"

#define STAGE(stage, numbers, count) ((void)0)
#define POINTS lk_p256_points_ref
#include "crypto/ec/p256_points.inc.c"
