/* The kernel of crypto/ec/p256_verify_ifma.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"
#include "tests/support/ec_faulty.h"

#define BASE lk_p256_comb_x8
#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_verify.inc.c"

const struct lk_verify_kernel lk_p256_verify_x8_ifma = KERNEL("p256", "ifma", LK_CPU_IFMA);
