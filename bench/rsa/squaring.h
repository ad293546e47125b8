/* squaring: Montgomery squaring of eight numbers at once, the inner step of the RSA kernels, in
 * core cycles and against what the multiplier does at most in the same process.
 * On a processor without the instructions: not applicable. Owner the caller. Thread one, pinned. */
#ifndef LK_BENCH_RSA_SQUARING_H
#define LK_BENCH_RSA_SQUARING_H

#include <stdint.h>

#include "bench/figures.h"

#define LK_SQUARING_LANES 8
#define LK_SQUARING_DIGITS_MAX 40

/* A digit of 52 bits of each lane, least digit first. */
typedef uint64_t lk_squaring_digit[LK_SQUARING_LANES];

/* Figures `rsa_squaring_NN_digits_*` in cycles and ratios `rsa_squaring_NN_digits_vs_peak` (nine of
 * ten samples were below; and the median). False, with a message, when a squaring gave a wrong
 * number. */
bool lk_squaring_measure(struct lk_figures *figures);

#endif
