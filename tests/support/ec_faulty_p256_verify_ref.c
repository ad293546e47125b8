/* The kernel of crypto/ec/p256_verify_ref.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"
#include "tests/support/ec_faulty.h"

#define BASE lk_p256_comb_x2
#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_verify.inc.c"

const struct lk_verify_kernel lk_p256_verify_x2_ref = KERNEL("p256", "ref", LK_CPU_FEATURE_COUNT);
