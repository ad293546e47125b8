/* Verifications over P-384 in two lanes of plain C. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"

#define STAGE(stage, numbers, count) ((void)0)
#define BASE lk_p384_comb_x2
#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_verify.inc.c"

const struct lk_verify_kernel lk_p384_verify_x2_ref = KERNEL("p384", "ref", LK_CPU_FEATURE_COUNT);
