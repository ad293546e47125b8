/* clock: the only two clocks. A turn reads each once and hands the value down; no function below a
 * turn reads a clock, so tests pass any time they like.
 * Thread any. */
#ifndef LK_CORE_BASE_CLOCK_H
#define LK_CORE_BASE_CLOCK_H

#include <stdint.h>

#define LK_NS_PER_US 1000ull
#define LK_NS_PER_MS 1000000ull
#define LK_NS_PER_S 1000000000ull

/* CLOCK_MONOTONIC in nanoseconds: one line for all processes of the host. For timers. */
uint64_t lk_clock_now_ns(void);

/* CLOCK_REALTIME in whole seconds since 1970. For the time window of S and for certificates. */
int64_t lk_clock_unix_s(void);

/* The same in nanoseconds: against the kernel's own stamps of it, no line for timers. */
int64_t lk_clock_unix_ns(void);

#endif
