/* RSA over eight lanes of AVX-512 IFMA: four requests a group, two groups. */
#include "crypto/lane_ifma.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/rsa/rsa_kernel.inc.c"

const struct lk_rsa_kernel lk_rsa_private_x8_ifma[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = KERNEL(2048, 20, "ifma", LK_CPU_IFMA),
    [LK_RSA_3072] = KERNEL(3072, 30, "ifma", LK_CPU_IFMA),
    [LK_RSA_4096] = KERNEL(4096, 40, "ifma", LK_CPU_IFMA),
};
