/* Proofs of ownership over Curve25519 in eight lanes of AVX-512 IFMA. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/ec/x25519_poo.inc.c"

const struct lk_poo_kernel lk_x25519_poo_x8_ifma = KERNEL("ifma", LK_CPU_IFMA);
