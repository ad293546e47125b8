/* Proofs of ownership over P-384 in eight lanes of AVX-512 IFMA. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_poo.inc.c"

const struct lk_poo_kernel lk_p384_poo_x8_ifma = KERNEL("p384", "ifma", LK_CPU_IFMA, judge);
