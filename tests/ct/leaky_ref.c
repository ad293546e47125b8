/* The leaky kernels over two lanes of plain C, and the switch of both. */
#include "crypto/lane_ref.h"

/* Not there: the same as a lookup. */
static inline uint64_t gathered(const uint64_t *entries, uint64_t window)
{
    return entries[window];
}

#include "tests/ct/leaky.inc.c"

#include "crypto/rsa/rsa_kernel.inc.c"

const struct lk_rsa_kernel lk_rsa_leaky_x2_ref[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = KERNEL(2048, 20, "ref", LK_CPU_FEATURE_COUNT),
    [LK_RSA_3072] = KERNEL(3072, 30, "ref", LK_CPU_FEATURE_COUNT),
    [LK_RSA_4096] = KERNEL(4096, 40, "ref", LK_CPU_FEATURE_COUNT),
};

enum lk_leak lk_leak = LK_LEAK_NONE;
const char *const lk_leak_names[LK_LEAK_COUNT] = {
    [LK_LEAK_NONE] = "none",           [LK_LEAK_LOOKUP] = "lookup", [LK_LEAK_GATHER] = "gather",
    [LK_LEAK_BRANCH] = "branch",       [LK_LEAK_JUMP] = "jump",     [LK_LEAK_DIVISION] = "division",
    [LK_LEAK_EARLY_OUT] = "early_out", [LK_LEAK_BORROW] = "borrow",
};
