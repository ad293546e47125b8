/* The kernel of crypto/ec/p384_ecdh_ref.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"
#include "tests/support/flip.h"

#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_agree.inc.c"

const struct lk_ecdh_kernel lk_p384_ecdh_x2_ref = KERNEL("p384", "ref", LK_CPU_FEATURE_COUNT);
