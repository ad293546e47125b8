/* The leaky kernels over eight lanes of AVX-512 IFMA. */
#include "crypto/lane_ifma.h"

static inline uint64_t gathered(const uint64_t *entries, uint64_t window)
{
    lane r = _mm512_i64gather_epi64(lane_all(window), entries, 8);
    uint64_t word[LANES];
    __builtin_memcpy(word, &r, sizeof word);
    return word[0];
}

#include "tests/ct/leaky.inc.c"

#include "crypto/rsa/rsa_kernel.inc.c"

const struct lk_rsa_kernel lk_rsa_leaky_x8_ifma[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = KERNEL(2048, 20, "ifma", LK_CPU_IFMA),
    [LK_RSA_3072] = KERNEL(3072, 30, "ifma", LK_CPU_IFMA),
    [LK_RSA_4096] = KERNEL(4096, 40, "ifma", LK_CPU_IFMA),
};
