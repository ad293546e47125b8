/* Verifications over P-384 in eight lanes of AVX-512 IFMA. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"

#define STAGE(stage, numbers, count) ((void)0)
#define BASE lk_p384_comb_x8
#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_verify.inc.c"

const struct lk_verify_kernel lk_p384_verify_x8_ifma = KERNEL("p384", "ifma", LK_CPU_IFMA);
