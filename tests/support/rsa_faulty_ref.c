/* The portable model, spoilt where a test wants it: instead of crypto/rsa/rsa_ref.c. */
#include "crypto/lane_ref.h"
#include "tests/support/rsa_faulty.h"

#include "crypto/rsa/rsa_kernel.inc.c"

const struct lk_rsa_kernel lk_rsa_private_x2_ref[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = KERNEL(2048, 20, "ref", LK_CPU_FEATURE_COUNT),
    [LK_RSA_3072] = KERNEL(3072, 30, "ref", LK_CPU_FEATURE_COUNT),
    [LK_RSA_4096] = KERNEL(4096, 40, "ref", LK_CPU_FEATURE_COUNT),
};
