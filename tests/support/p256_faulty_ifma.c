/* The P-256 kernel of crypto/ec/p256_ifma.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"
#include "tests/support/p256_faulty.h"

#include "crypto/ec/p256_kernel.inc.c"

const struct lk_p256_kernel lk_p256_x8_ifma = KERNEL("ifma", LK_CPU_IFMA);
