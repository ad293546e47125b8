/* The one file of bench/ that holds AVX-512 code; peak.c asks the processor first. */
#include <immintrin.h>

#include "bench/peak.h"

#define CHAINS 16 /* four cycles each, two a cycle: eight would do */

__attribute__((target("avx512f,avx512ifma"))) bool lk_peak_burst_ifma(void *unused)
{
    (void)unused;
    __m512i sum[CHAINS], a = _mm512_set1_epi64(0x123456789abcd), b = _mm512_set1_epi64(0xfedcba987);
    for (unsigned i = 0; i < CHAINS; i++)
        sum[i] = a;
    for (unsigned turn = 0; turn < LK_PEAK_BURST / CHAINS; turn++) {
#pragma GCC unroll 16
        for (unsigned i = 0; i < CHAINS; i++)
            sum[i] = _mm512_madd52lo_epu64(sum[i], a, b);
    }
    for (unsigned i = 0; i < CHAINS; i++)
        __asm__ volatile("" : : "v"(sum[i])); /* they are wanted */
    return true;
}
