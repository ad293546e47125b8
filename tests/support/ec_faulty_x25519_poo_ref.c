/* The kernel of crypto/ec/x25519_poo_ref.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"
#include "tests/support/flip.h"

#include "crypto/ec/x25519_poo.inc.c"

const struct lk_poo_kernel lk_x25519_poo_x2_ref = KERNEL("ref", LK_CPU_FEATURE_COUNT);
