/* Key agreement over P-256 in eight lanes of AVX-512 IFMA. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/ec/p256_ecdh.inc.c"

const struct lk_ecdh_kernel lk_p256_ecdh_x8_ifma = KERNEL("ifma", LK_CPU_IFMA);
