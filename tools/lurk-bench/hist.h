/* hist: a log-linear histogram of latencies in nanoseconds, 128 steps an octave, so that a quantile
 * is at most 0.8 % too high; values above 2^40 ns (18 minutes) count as that.
 * Finer than core/watch/hist.h, which is kept small because it lies in shared counters.
 * Owner one thread; merged after it ended. */
#ifndef LK_TOOLS_BENCH_HIST_H
#define LK_TOOLS_BENCH_HIST_H

#include <stdint.h>

#define LK_BENCH_HIST_STEPS 128
#define LK_BENCH_HIST_OCTAVES 34 /* 2^40 / 128 */
#define LK_BENCH_HIST_CELLS ((LK_BENCH_HIST_OCTAVES + 1) * LK_BENCH_HIST_STEPS)

struct lk_bench_hist {
    uint64_t count, max_ns;
    double sum_ns;
    uint64_t cell[LK_BENCH_HIST_CELLS];
};

void lk_bench_hist_add(struct lk_bench_hist *hist, uint64_t ns);
void lk_bench_hist_merge(struct lk_bench_hist *into, const struct lk_bench_hist *from);
/* The smallest value that a share q (0..1) of the values does not pass, never above the maximum
 * seen; 0 when the histogram is empty. */
uint64_t lk_bench_hist_quantile(const struct lk_bench_hist *hist, double q);
double lk_bench_hist_mean(const struct lk_bench_hist *hist);

#endif
