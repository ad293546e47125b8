/* Verifications over P-256 in two lanes of plain C. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"

#define STAGE(stage, numbers, count) ((void)0)
#define BASE lk_p256_comb_x2
#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_verify.inc.c"

const struct lk_verify_kernel lk_p256_verify_x2_ref = KERNEL("p256", "ref", LK_CPU_FEATURE_COUNT);
