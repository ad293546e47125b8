/* rig: a worker on a bench. The test is the front: it owns slots and the other ends of the rings, fills
 * a slot, pushes it, runs turns at any time it likes and looks at what came home.
 *
 * Keys come from PEM text (the real engine) or are made up (lk_rig_key_fake, for kernel tables of the
 * test's own). Novelty is off, the audit ring is emptied by nobody; a test may change `conf` before
 * lk_rig_start. Any failure of set-up aborts. Thread one. */
#ifndef LK_TESTS_SUPPORT_RIG_H
#define LK_TESTS_SUPPORT_RIG_H

#include "core/exec/worker.h"

#define LK_RIG_NOW_UNIX_S INT64_C(1710268418) /* the clock of the vectors */
#define LK_RIG_NOW_NS UINT64_C(1000000000)
#define LK_RIG_KEYS_MAX 64

struct lk_rig {
    struct lk_worker_conf conf;
    struct lk_kernels kernels;
    struct lk_health health;
    struct lk_rate rate;
    struct lk_worker *worker;
    void *arena;
    struct lk_audit_ring *audit;
    struct lk_counters *counters;
    struct lk_novelty_view novelty; /* table NULL */

    struct lk_keyring keyring;
    struct lk_key key[LK_RIG_KEYS_MAX];

    struct lk_slot_map map;
    struct lk_ring in[LK_LOOPS_MAX], out[LK_LOOPS_MAX];         /* the worker's ends */
    struct lk_ring to[LK_LOOPS_MAX], from[LK_LOOPS_MAX];        /* the front's ends */
    struct lk_ring_shared *to_shared[LK_LOOPS_MAX], *from_shared[LK_LOOPS_MAX];
    uint64_t now_ns;
    int64_t now_unix_s;
};

/* One loop, 512 small and 4 large slots, all rights for every key, kernels of the library. */
void lk_rig_init(struct lk_rig *rig);
/* Makes the worker from rig->conf and starts an epoch with this many loops. */
void lk_rig_start(struct lk_rig *rig, uint32_t loops);
/* The front's side begins anew, and the worker is told. */
void lk_rig_epoch(struct lk_rig *rig);
void lk_rig_fini(struct lk_rig *rig);

/* Returns the index of the key. */
uint32_t lk_rig_key(struct lk_rig *rig, const char *pem);
/* Gives it these certificates, DER behind u24 lengths; borrowed. A fresh key has none. */
void lk_rig_chain(struct lk_rig *rig, uint32_t key, struct lk_bytes chain);
uint32_t lk_rig_key_fake(struct lk_rig *rig, enum lk_key_kind kind, enum lk_kernel_row row, uint32_t bytes);

/* A request as an honest front writes it into slot `index`, which is not pushed yet; the caller may
 * change it. The generation grows. */
struct lk_slot *lk_rig_fill(struct lk_rig *rig, uint32_t index, enum lk_exchange_id exchange,
                            uint32_t key, struct lk_bytes payload);
void lk_rig_push(struct lk_rig *rig, uint32_t index);
/* Turns until nothing is held. Returns the number of requests done; aborts on an error of a turn. */
uint32_t lk_rig_run(struct lk_rig *rig);
/* The next slot that came home to a loop, or NULL. */
struct lk_slot *lk_rig_home(struct lk_rig *rig, uint32_t loop);

/* fill, push, run, home on slot 0 or, when it does not fit, the first large one. */
struct lk_slot *lk_rig_ask(struct lk_rig *rig, enum lk_exchange_id exchange, uint32_t key,
                           struct lk_bytes payload);
static inline struct lk_bytes lk_rig_result(const struct lk_slot *slot)
{
    return lk_bytes_of(slot->body, slot->result_bytes);
}

#endif
