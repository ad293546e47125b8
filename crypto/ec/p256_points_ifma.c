/* Points of P-256 judged in eight lanes of AVX-512 IFMA. */
#include "crypto/lane_ifma.h"

#define STAGE(stage, numbers, count) ((void)0)
#define POINTS lk_p256_points_ifma
#include "crypto/ec/p256_points.inc.c"
