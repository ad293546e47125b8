/* hist: a latency histogram, log-linear with 16 steps an octave, in microseconds up to 2^24 (16 s).
 *
 * Owner   one writer; readers may look at any time and see a value one event old (relaxed atomics).
 * Error   at most one sixteenth of the value; values up to 32 us are exact.
 * Not here: a clock, an allocation, a lock. */
#ifndef LK_CORE_WATCH_HIST_H
#define LK_CORE_WATCH_HIST_H

#include <stdatomic.h>
#include <stdint.h>

#define LK_HIST_STEPS 16
#define LK_HIST_CELLS (21 * LK_HIST_STEPS)
#define LK_HIST_US_MAX (UINT64_C(1) << 24)

struct lk_hist {
    _Atomic uint64_t count;
    _Atomic uint64_t sum_us;
    _Atomic uint32_t cell[LK_HIST_CELLS];
};

/* Counts one value; 0 counts as 1 us, anything above LK_HIST_US_MAX as that. */
void lk_hist_add(struct lk_hist *hist, uint64_t us);

/* The largest value that falls into a cell: an exact bound at every multiple of a step. */
uint64_t lk_hist_cell_limit_us(unsigned cell);

/* Values counted that are at most us; exact where us is a cell's limit. */
uint64_t lk_hist_at_most(const struct lk_hist *hist, uint64_t us);

/* Smallest cell limit that a share q (0 to 1) of the values does not pass; 0 for an empty one. */
uint64_t lk_hist_quantile_us(const struct lk_hist *hist, double q);

/* to += from. */
void lk_hist_merge(struct lk_hist *to, const struct lk_hist *from);

#endif
