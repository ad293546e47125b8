/* Key agreement over P-384 in two lanes of plain C. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_agree.inc.c"

const struct lk_ecdh_kernel lk_p384_ecdh_x2_ref = KERNEL("p384", "ref", LK_CPU_FEATURE_COUNT);
