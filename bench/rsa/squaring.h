/* squaring: Montgomery squaring of eight numbers at once, the inner step of the RSA kernels, in
 * core cycles and against what the multiplier does at most in the same process.
 * A kernel's squaring is entered in the table of squaring.c; a size without one, and a processor
 * without the instructions, is not applicable. Owner the caller. Thread one, pinned. */
#ifndef LK_BENCH_RSA_SQUARING_H
#define LK_BENCH_RSA_SQUARING_H

#include <stdint.h>

#include "bench/figures.h"

#define LK_SQUARING_LANES 8
#define LK_SQUARING_DIGITS_MAX 40

/* A digit of 52 bits of each lane, least digit first. */
typedef uint64_t lk_squaring_digit[LK_SQUARING_LANES];

/* x := x^2 / 2^(52 digits) mod n in each lane, `times` times one after another.
 * In   n odd, each lane its own, as long as a factor: 1,024 bits in 20 digits, 1,536 in 30, 2,048
 * in 40 · x < n at first, then what came out · k0 = -1/n mod 2^52 of each lane Out  congruent to
 * the result, any number whose digits are below 2^52 */
typedef void lk_squaring_fn(lk_squaring_digit *x, const lk_squaring_digit *n, const uint64_t *k0,
                            unsigned times);

/* Figures `rsa_squaring_NN_digits_*` in cycles and ratios `rsa_squaring_NN_digits_vs_peak`. False,
 * with a message, when a squaring gave a wrong number. */
bool lk_squaring_measure(struct lk_figures *figures);

#endif
