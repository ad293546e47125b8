/* shim: Google Benchmark behind a plain C face. What is compared is measured in one process, in
 * rounds: a round runs each row once, in an order drawn anew, so that the machine's moods favour no
 * row and values of one round may be divided by one another.
 * Thread one; it stays on the CPU it is on only if the caller pinned it. */
#ifndef LK_BENCH_SHIM_H
#define LK_BENCH_SHIM_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LK_SHIM_NAME_MAX 64
#define LK_SHIM_ROUNDS_MAX 101

struct lk_shim_row {
    char name[LK_SHIM_NAME_MAX]; /* <operation>/<isa>/<batch>, no two alike */
    unsigned items;              /* results that one run makes */
    /* Makes results the way run does and says whether they are right; called once, first. */
    bool (*check)(void *context);
    /* What is measured. False: a result was missing. NULL: not applicable on this machine. */
    bool (*run)(void *context);
    void *context; /* the caller's, handed to both */
    /* Out: thread CPU time of one item in each round. */
    double ns[LK_SHIM_ROUNDS_MAX];
};

struct lk_shim_settings {
    unsigned rounds; /* 1 to LK_SHIM_ROUNDS_MAX */
    double seconds;  /* CPU time of each row in each round, about */
};

/* Checks every row, then measures them all. False, with the row's name on stderr, when a result was
 * wrong or missing: nothing measured is to be used then. */
bool lk_shim_measure(struct lk_shim_row *rows, unsigned count,
                     const struct lk_shim_settings *settings);

#ifdef __cplusplus
}
#endif

#endif
