/* The kernel of crypto/ec/p384_ecdh_ifma.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"
#include "tests/support/flip.h"

#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_agree.inc.c"

const struct lk_ecdh_kernel lk_p384_ecdh_x8_ifma = KERNEL("p384", "ifma", LK_CPU_IFMA);
