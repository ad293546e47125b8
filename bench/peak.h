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

/* 52-bit multiply-adds of eight lanes (vpmadd52luq) that the core finishes per cycle when nothing
 * holds it up, at its best sample. False: this machine has none. */
bool lk_peak_multiplier(double *per_cycle);

/* peak_ifma.c: LK_PEAK_BURST multiply-adds in chains that do not wait for one another. */
#define LK_PEAK_BURST 16384u
bool lk_peak_burst_ifma(void *unused);

#endif
