/* Proofs of ownership over Curve25519 in two lanes of plain C. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"

#define STAGE(stage, numbers, count) ((void)0)
#include "crypto/ec/x25519_poo.inc.c"

const struct lk_poo_kernel lk_x25519_poo_x2_ref = KERNEL("ref", LK_CPU_FEATURE_COUNT);
