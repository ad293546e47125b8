/* HMAC-SHA-256 in sixteen lanes of AVX-512. */
#include <immintrin.h>
#include <stdint.h>

#define WORDS 16
#define UNROLL _Pragma("GCC unroll 16")

typedef __m512i words;

static inline words words_all(const uint32_t *x)
{
    return _mm512_set1_epi32((int)*x);
}
static inline words words_add(words a, words b)
{
    return _mm512_add_epi32(a, b);
}
static inline words words_and(words a, words b)
{
    return _mm512_and_si512(a, b);
}
static inline words words_or(words a, words b)
{
    return _mm512_or_si512(a, b);
}
static inline words words_xor(words a, words b)
{
    return _mm512_xor_si512(a, b);
}
static inline words words_xor3(words a, words b, words c)
{
    return words_xor(words_xor(a, b), c);
}
#define words_rotate(x, n) _mm512_ror_epi32(x, n)
#define words_shift(x, n) _mm512_srli_epi32(x, n)
static inline void words_leave(void)
{
    _mm256_zeroupper();
}

#include "crypto/hmac_lanes.inc.c"

const struct lk_hmac_kernel lk_hmac_x16_ifma = {"ifma", LK_CPU_IFMA, WORDS, run};
