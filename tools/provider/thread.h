/* thread: what lurk.so keeps for each thread. Made at the thread's first need, wiped and freed when
 * the thread ends. Each part sees to itself after a fork: transports open anew, what was kept is
 * gone, provers draw afresh. */
#ifndef LK_TOOLS_PROVIDER_THREAD_H
#define LK_TOOLS_PROVIDER_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/provider/line.h"

struct lurk_prover;
struct lk_kept;

struct lk_thread {
    struct lk_lines lines;
    struct lk_kept *kept;       /* mode full: made by lk_thread_kept */
    struct lurk_prover *prover; /* mode full: made by lk_thread_prover */
};

/* Monotonic. */
uint64_t lk_now_ns(void);

/* NULL: no memory. */
struct lk_thread *lk_thread_get(void);

/* The calling thread's, wiped and freed before its end; another is made when it is asked for. */
void lk_thread_leave(void);

/* What the thread remembers of its handshakes, aged to now. NULL: no memory. */
struct lk_kept *lk_thread_kept(void);
/* Another in its place, or NULL: one is made when it is asked for. Returns what was there. */
struct lk_kept *lk_thread_kept_swap(struct lk_kept *kept);
struct lurk_prover *lk_thread_prover(void);

#endif
