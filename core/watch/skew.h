/* skew: how far the clocks of edges are from ours, as the time in their server randoms tells it.
 *
 * Shape   a count for each of a few bounds, in seconds, signed: positive is ahead of us.
 * Owner   one writer; readers may look at any time and see a value one event old (relaxed atomics).
 * Not here: whether a skew is allowed (freshness.h), a name, a lock. */
#ifndef LK_CORE_WATCH_SKEW_H
#define LK_CORE_WATCH_SKEW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LK_SKEW_CELLS 16

struct lk_skew {
    _Atomic uint32_t cell[LK_SKEW_CELLS]; /* wraps: 4 billion requests of one edge and one loop */
};

/* Counts one value, seconds. */
void lk_skew_add(struct lk_skew *skew, int64_t seconds);
/* The largest value that falls into a cell, INT64_MAX for the last one. */
int64_t lk_skew_limit_s(unsigned cell);
uint32_t lk_skew_count(const struct lk_skew *skew, unsigned cell);
/* to += from. */
void lk_skew_merge(struct lk_skew *to, const struct lk_skew *from);
/* All counts of `count` histograms become 0. */
void lk_skew_clear(struct lk_skew *skew, size_t count);

#endif
