/* vault_worker: a worker's thread: turns of core/exec/worker.h, and sleep between them by its bell.
 *
 * Owner   the vault's control thread starts and stops it and hands it keyrings and epochs through
 *         struct lk_vault_share; the worker says by `seen` what it uses since its last turn began.
 * Not here: what a turn does. */
#ifndef LK_IO_VAULT_WORKER_H
#define LK_IO_VAULT_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/exec/worker.h"
#include "io/segment.h"

struct lk_vault_epoch {
    struct lk_segment segment;
    const int *bell_fd; /* [loops] */
};

/* Control thread to all workers. */
struct lk_vault_share {
    _Atomic(const struct lk_keyring *) ring;
    _Atomic(const struct lk_vault_epoch *) epoch; /* NULL: none yet */
    _Atomic bool stop;
    _Atomic uint64_t broken_epoch; /* a worker met an absurd index in this one */
    int event_fd;                  /* written with it, and after a kernel's fault */
};

struct lk_vault_worker {
    struct lk_vault_share *share;
    struct lk_worker *worker;
    struct lk_counters *counters;
    unsigned index;
    bool spin;
    pthread_t thread;

    /* the worker's own */
    const struct lk_vault_epoch *epoch; /* in use; NULL: none, or broken */
    struct lk_ring in[LK_LOOPS_MAX], out[LK_LOOPS_MAX];
    uint64_t worked_ns, cpu_read_ns;
    uint64_t loops_due; /* bit l: results went to loop l since it was last rung */
    uint64_t rung_ns;

    /* what the control thread waits for */
    _Atomic(const struct lk_keyring *) seen_ring;
    _Atomic(const struct lk_vault_epoch *) seen_epoch;
    struct lk_bell_word idle_bell; /* slept on without an epoch */
};

/* Fields above "the worker's own" are set by the caller. cpu -1: not pinned; a CPU that is not ours
 * is logged and the thread runs unpinned. */
LK_MUST_USE lk_err lk_vault_worker_start(struct lk_vault_worker *w, int cpu);
/* After a change of the share: ends a sleep, wherever it is slept. old: the epoch before the
 * change. */
void lk_vault_worker_wake(struct lk_vault_worker *w, const struct lk_vault_epoch *old);

#endif
