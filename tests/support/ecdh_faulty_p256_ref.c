/* The kernel of crypto/ec/p256_ecdh_ref.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"
#include "tests/support/flip.h"

#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_agree.inc.c"

const struct lk_ecdh_kernel lk_p256_ecdh_x2_ref = KERNEL("p256", "ref", LK_CPU_FEATURE_COUNT);
