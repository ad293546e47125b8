/* The kernel of crypto/ec/x25519_poo_ifma.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"
#include "tests/support/flip.h"

#include "crypto/ec/x25519_poo.inc.c"

const struct lk_poo_kernel lk_x25519_poo_x8_ifma = KERNEL("ifma", LK_CPU_IFMA);
