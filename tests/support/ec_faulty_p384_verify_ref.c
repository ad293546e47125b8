/* The kernel of crypto/ec/p384_verify_ref.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"
#include "tests/support/ec_faulty.h"

#define BASE lk_p384_comb_x2
#include "crypto/ec/p384_field.inc.c"

#include "crypto/ec/ec_verify.inc.c"

const struct lk_verify_kernel lk_p384_verify_x2_ref = KERNEL("p384", "ref", LK_CPU_FEATURE_COUNT);
