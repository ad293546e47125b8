/* The IFMA kernels, spoilt where a test wants it: instead of crypto/rsa/rsa_ifma.c. */
#include "crypto/lane_ifma.h"
#include "tests/support/rsa_faulty.h"

#include "crypto/rsa/rsa_kernel.inc.c"

const struct lk_rsa_kernel lk_rsa_private_x8_ifma[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = KERNEL(2048, 20, "ifma", LK_CPU_IFMA),
    [LK_RSA_3072] = KERNEL(3072, 30, "ifma", LK_CPU_IFMA),
    [LK_RSA_4096] = KERNEL(4096, 40, "ifma", LK_CPU_IFMA),
};
