/* peak: cycles of the core, and what its multiplier does at most, for goals that need no other
 * code to be held against.
 * Virtual machines have no cycle counter: time stamps are divided by what a chain of dependent
 * multiplications (three cycles each) takes of them, right before and right after each sample.
 * Thread one, pinned. Not for other processors than x86-64. */
#ifndef LK_BENCH_PEAK_H
#define LK_BENCH_PEAK_H

#include <stdbool.h>

#define LK_PEAK_SAMPLES 201

/* Something to take the cycles of: runs in a microsecond or more, makes `items`; false: failed. */
struct lk_peak_body {
    bool (*run)(void *context);
    void *context;
    unsigned items;
};

/* Core cycles of one item. The least is what the code can do, the median what it did here. */
struct lk_cycles {
    double min, p10, median;
};

/* LK_PEAK_SAMPLES samples of one run each. False: one failed. */
bool lk_peak_sample(const struct lk_peak_body *body, struct lk_cycles *cycles);

/* How much of what the multiplier can do a body makes use of: the time its multiply-adds would take
 * in a burst right before and right after it, over the time it took. Both sides of the division
 * are in the same moment of a machine with moods, and no cycle is counted. */
struct lk_share {
    double p90, median; /* nine of ten samples were at most p90 */
};
/* multiply_adds: of one item. False: a sample failed, or this machine has none. */
bool lk_peak_share(const struct lk_peak_body *body, double multiply_adds, struct lk_share *share);

/* 52-bit multiply-adds of eight lanes (vpmadd52luq) that the core finishes per cycle when nothing
 * holds it up, at its best sample. False: this machine has none. */
bool lk_peak_multiplier(double *per_cycle);

/* peak_ifma.c: LK_PEAK_BURST multiply-adds in chains that do not wait for one another. */
#define LK_PEAK_BURST 16384u
bool lk_peak_burst_ifma(void *unused);

#endif
