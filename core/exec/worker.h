/* worker: one pinned thread of the vault, as a machine without a thread: memory in, turns out. It
 * drains its rings, admits lanes, fills batches, runs kernels and sends results home.
 *
 * Owner   its thread (io/vault.c), which calls lk_worker_turn and sleeps when a turn says so.
 * Memory  all given at init; a turn allocates nothing of ours.
 * Time    now_ns and now_unix_s are arguments; the clock is read after each batch, since a batch is
 *         long.
 * Order   batch.h. A turn runs batches up to LK_BATCH_QUANTUM_NS of cost, at least one if any lane
 *         waits, so that fresh requests are seen after every dear batch and every few cheap ones.
 * Kernels wrong results of a kernel are reported to health.h; a row that is out there runs on the
 *         library's from the next batch on.
 * Large   requests that find no large lane, which is more than an honest front sends, wait by
 *         reference, so that small ones behind them go on.
 * Errors  LK_ERR_ABSURD from a turn: a ring index the front cannot honestly have written; the epoch
 *         is over and the caller tells the supervisor. */
#ifndef LK_CORE_EXEC_WORKER_H
#define LK_CORE_EXEC_WORKER_H

#include "core/base/ring.h"
#include "core/base/slot.h"
#include "core/exec/health.h"
#include "core/exec/keyring.h"
#include "core/exec/novelty.h"
#include "core/exec/rate.h"
#include "core/watch/audit.h"
#include "core/watch/metrics.h"

struct lk_worker_conf {
    unsigned index;
    unsigned tenants; /* queues per row */
    unsigned
        lanes_small; /* requests it may hold at once: all that an honest front has under way to
                      * it (limits.h). The rest stays in the rings, where nobody passes anybody */
    unsigned lanes_large;
    uint32_t window_s, window_ecdhe_s;
    bool novelty_on;
    bool check_ecdsa;
    uint64_t batch_wait_ns;
    uint32_t rate_per_s[LK_RATED_COUNT]; /* of rated exchanges, for each peer and key */
    struct lk_rate *rate;                /* of all workers */
    const struct lk_kernels *kernels;
    struct lk_health *health;   /* of all workers */
    uint64_t (*clock_ns)(void); /* when a batch is done; NULL: lk_clock_now_ns */
};

/* What a turn asks of its thread. */
struct lk_turn {
    lk_err err;    /* LK_OK or LK_ERR_ABSURD */
    uint32_t done; /* requests sent home */
    uint32_t left; /* requests held or seen in a ring: do not sleep while > 0 and wake_ns is 0 */
    uint32_t kernel_faults; /* reported to health */
    uint64_t loops_rung;    /* bit l: loop l got results; ring its bell */
    uint64_t wake_ns; /* 0: nothing to wait for; else a batch is due then. An idle worker takes
                       * what is there, so nothing is ever held back for later alone */
};

struct lk_worker;

/* arena: from the vault's secret memory, lk_worker_bytes(conf) bytes, 64-byte aligned; borrowed. */
size_t lk_worker_bytes(const struct lk_worker_conf *conf);
LK_MUST_USE lk_err lk_worker_init(struct lk_worker **out, const struct lk_worker_conf *conf,
                                  void *arena, struct lk_novelty_view novelty,
                                  struct lk_audit_ring *audit, struct lk_counters *counters);
void lk_worker_fini(struct lk_worker *worker);

/* A fresh epoch: rings in[l] from and out[l] to each loop, borrowed until the next one. Requests of
 * the old epoch are dropped. map NULL: no epoch; a turn then finds nothing to do. */
void lk_worker_epoch(struct lk_worker *worker, const struct lk_slot_map *map, struct lk_ring *in,
                     struct lk_ring *out);

/* One turn under this keyring, which stays until a turn under another one has begun. Handles of
 * held requests that the new one lacks are answered temporary_failure. After LK_ERR_ABSURD every
 * turn says so until the next epoch. */
struct lk_turn lk_worker_turn(struct lk_worker *worker, const struct lk_keyring *keys,
                              uint64_t now_ns, int64_t now_unix_s);

#endif
