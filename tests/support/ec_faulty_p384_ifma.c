/* The kernel of crypto/ec/p384_ifma.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"
#include "tests/support/ec_faulty.h"

#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_kernel.inc.c"

const struct lk_ec_kernel lk_p384_x8_ifma = KERNEL("p384", "ifma", LK_CPU_IFMA);
