/* worker: one pinned thread of the vault, as a machine without a thread: memory in, turns out. It
 * drains its rings, admits lanes, fills batches, runs kernels and sends results home.
 *
 * Owner   its thread (io/vault.c), which calls lk_worker_turn and sleeps when a turn says so.
 * Memory  all given at init; a turn allocates nothing of ours.
 * Time    now_ns and now_unix_s are arguments.
 * Errors  LK_ERR_ABSURD from a turn: a ring index the front cannot honestly have written; the epoch
 *         is over and the caller tells the supervisor. */
#ifndef LK_CORE_EXEC_WORKER_H
#define LK_CORE_EXEC_WORKER_H

#include "core/base/ring.h"
#include "core/base/slot.h"
#include "core/exec/keyring.h"
#include "core/exec/novelty.h"
#include "core/watch/audit.h"
#include "core/watch/metrics.h"

struct lk_worker_conf {
    unsigned index;
    unsigned tenants;      /* queues per row */
    unsigned lanes_small;  /* requests it may hold at once; the rest stays in the rings */
    unsigned lanes_large;
    uint32_t window_s, window_ecdhe_s;
    bool novelty_on;
    bool check_ecdsa;
    uint64_t batch_wait_ns;
    const struct lk_kernels *kernels;
};

/* What a turn asks of its thread. */
struct lk_turn {
    lk_err err;           /* LK_OK or LK_ERR_ABSURD */
    uint32_t done;        /* requests sent home */
    uint32_t left;        /* requests still held: do not sleep while > 0 and wake_ns is 0 */
    uint64_t loops_rung;  /* bit l: loop l got results; ring its bell */
    uint64_t wake_ns;     /* 0: nothing to wait for; else a batch is due then */
};

struct lk_worker;

/* arena: from the vault's secret memory, lk_worker_bytes(conf) bytes, 64-byte aligned; borrowed. */
size_t lk_worker_bytes(const struct lk_worker_conf *conf);
LK_MUST_USE lk_err lk_worker_init(struct lk_worker **out, const struct lk_worker_conf *conf, void *arena,
                                  struct lk_novelty_view novelty, struct lk_audit_ring *audit,
                                  struct lk_counters *counters);
void lk_worker_fini(struct lk_worker *worker);

/* A fresh epoch: rings in[l] from and out[l] to each loop. Results of the old epoch are dropped. */
void lk_worker_epoch(struct lk_worker *worker, const struct lk_slot_map *map, struct lk_ring *in,
                     struct lk_ring *out);

/* One turn under this keyring: at most one batch per kernel row is run, so that fresh requests are seen
 * between batches. */
struct lk_turn lk_worker_turn(struct lk_worker *worker, const struct lk_keyring *keys, uint64_t now_ns,
                              int64_t now_unix_s);

#endif
