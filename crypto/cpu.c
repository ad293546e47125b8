#include "crypto/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define XCR0_AVX 0x06u
#define XCR0_AVX512 0xe6u

static uint32_t saved_registers(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static uint32_t bit(bool there, enum lk_cpu_feature feature)
{
    return there ? UINT32_C(1) << feature : 0;
}

static uint32_t detect(void)
{
    unsigned a, b, c, d;
    uint32_t saved = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_OSXSAVE) != 0) saved = saved_registers();
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return 0;
    unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    unsigned kernels = bit_AVX512IFMA | bit_BMI2; /* what they are compiled for (Makefile) */
    bool avx512 = (b & wide) == wide && (saved & XCR0_AVX512) == XCR0_AVX512;
    return bit((b & bit_BMI2) != 0, LK_CPU_BMI2) | bit((b & bit_ADX) != 0, LK_CPU_ADX) |
           bit((b & bit_SHA) != 0, LK_CPU_SHA) |
           bit((b & bit_AVX2) != 0 && (saved & XCR0_AVX) == XCR0_AVX, LK_CPU_AVX2) |
           bit(avx512, LK_CPU_AVX512) |
           bit(avx512 && (b & kernels) == kernels, LK_CPU_IFMA);
}
#else
static uint32_t detect(void)
{
    return 0;
}
#endif

static const char *const names[LK_CPU_FEATURE_COUNT] = {"bmi2", "adx",    "sha",
                                                        "avx2", "avx512", "ifma"};

/* The feature that word[len] hides, or LK_CPU_FEATURE_COUNT. */
static unsigned hidden_by(const char *word, size_t len)
{
    unsigned i = LK_CPU_FEATURE_COUNT;
    if (len < 2 || word[0] != '-') return i;
    for (i = 0; i < LK_CPU_FEATURE_COUNT; i++)
        if (strlen(names[i]) == len - 1 && strncmp(names[i], word + 1, len - 1) == 0) break;
    return i;
}

bool lk_cpu_features(uint32_t *mask)
{
    bool all_known = true;
    *mask = detect();
    const char *word = getenv("LURK_CPU");
    while (word != NULL && *word != 0) {
        size_t len = strcspn(word, ",");
        unsigned feature = hidden_by(word, len);
        if (feature < LK_CPU_FEATURE_COUNT) *mask &= ~(UINT32_C(1) << feature);
        all_known &= feature < LK_CPU_FEATURE_COUNT || len == 0;
        word += len;
        word += *word == ',';
    }
    if ((*mask & UINT32_C(1) << LK_CPU_AVX512) == 0) *mask &= ~(UINT32_C(1) << LK_CPU_IFMA);
    return all_known;
}

void lk_cpu_text(uint32_t mask, char *to, size_t size)
{
    size_t at = 0;
    if (size > 0) to[0] = 0;
    for (unsigned i = 0; i < LK_CPU_FEATURE_COUNT; i++) {
        if ((mask >> i & 1) == 0 || at >= size) continue;
        int len = snprintf(to + at, size - at, "%s%s", at > 0 ? " " : "", names[i]);
        at += (size_t)len;
    }
}
