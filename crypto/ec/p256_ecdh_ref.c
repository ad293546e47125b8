/* Key agreement over P-256 in two lanes of plain C. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_agree.inc.c"

const struct lk_ecdh_kernel lk_p256_ecdh_x2_ref = KERNEL("p256", "ref", LK_CPU_FEATURE_COUNT);
