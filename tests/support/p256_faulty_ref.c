/* The P-256 kernel of crypto/ec/p256_ref.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ref.h"

#include "crypto/ec/pick_ref.h"
#include "tests/support/p256_faulty.h"

#include "crypto/ec/p256_kernel.inc.c"

const struct lk_p256_kernel lk_p256_x2_ref = KERNEL("ref", LK_CPU_FEATURE_COUNT);
