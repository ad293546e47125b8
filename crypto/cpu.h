/* cpu: which instructions of this machine the program may use. LURK_CPU hides some of them, a comma
 * list of "-name": LURK_CPU=-ifma. It concerns our own kernels; libcrypto has OPENSSL_ia32cap.
 * Thread any; reads the environment at each call, so ask once at start. */
#ifndef LK_CRYPTO_CPU_H
#define LK_CRYPTO_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lk_cpu_feature {
    LK_CPU_BMI2,
    LK_CPU_ADX,
    LK_CPU_SHA,
    LK_CPU_AVX2,
    LK_CPU_AVX512, /* F, BW, VL, DQ together, and the system saves the registers */
    LK_CPU_IFMA,
    LK_CPU_FEATURE_COUNT
};

/* Bit i: enum lk_cpu_feature i is there and not hidden. IFMA goes with AVX-512. False: LURK_CPU
 * holds a word that names no feature; *mask is what the rest gives. */
bool lk_cpu_features(uint32_t *mask);
/* "bmi2 adx avx512 ifma", cut at size. */
void lk_cpu_text(uint32_t mask, char *to, size_t size);

#endif
