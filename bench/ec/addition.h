/* addition: the mixed addition of the kernels of curves, eight lanes, in core cycles and against
 * what the multiplier does at most in the same process. On a processor without the instructions:
 * not applicable. Owner the caller. Thread one, pinned. */
#ifndef LK_BENCH_EC_ADDITION_H
#define LK_BENCH_EC_ADDITION_H

#include "bench/figures.h"

/* For each curve figures `p256_addition_cycles_*` and ratio `p256_addition_vs_peak`. False: a
 * sample failed. */
bool lk_addition_measure(struct lk_figures *figures);

#endif
