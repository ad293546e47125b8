/* batch: who is worked next. A queue of lanes for each kernel row and tenant.
 *
 * Order   between rows: deficit round robin in the currency of kernel costs, a quantum a visit, so
 *         that a row of dear operations gets no more time than one of cheap ones. Rows of a family
 *         (proofs of ownership, key shares, DHE), among which a request chooses by the group it
 *         names, have the quantum of one row between them. A batch costs what the lanes that wait
 *         for it will cost, and afterwards what they cost more.
 *         Inside a row: one lane of each waiting tenant in turn; lanes of a row cost the same, so
 *         this is deficit round robin too.
 * Due     a row runs when its batch is full, when its oldest lane waited batch_wait_ns, or when
 *         nothing else is due: an idle worker takes what is there.
 * Keys    each lane names its own; a batch mixes them as they come.
 * Owner   a worker; memory given. Bound: the worker's lanes. Constant time for each call, but for
 *         lk_batch_row, which looks at the first lane of at most LK_LANES_MAX tenants a row. */
#ifndef LK_CORE_EXEC_BATCH_H
#define LK_CORE_EXEC_BATCH_H

#include "core/exec/lane.h"

/* Lanes of one tenant for one row, first come first. */
struct lk_batch_queue {
    struct lk_lane *first, *last;
    struct lk_batch_queue *next; /* in the row's round of tenants, while not empty */
};

struct lk_batch_row {
    struct lk_batch_queue *first, *last; /* tenants with lanes, whose turn is next first */
    struct lk_batch_queue *queue;        /* [tenants] */
    uint32_t count;                      /* lanes */
    int64_t deficit_ns;                  /* below zero: it owes */
};

struct lk_batch {
    const struct lk_kernel *kernel[LK_ROW_COUNT]; /* each row's, of this worker */
    uint64_t wait_ns, quantum_ns;
    unsigned tenants;
    unsigned turn; /* the row whose visit it is */
    struct lk_batch_row row[LK_ROW_COUNT];
};

/* Cost a row may spend in one visit, and a worker in one turn before it looks at its rings
 * again. */
#define LK_BATCH_QUANTUM_NS UINT64_C(250000)

static inline size_t lk_batch_bytes(unsigned tenants)
{
    return (size_t)tenants * LK_ROW_COUNT * sizeof(struct lk_batch_queue);
}
/* memory: lk_batch_bytes, zeroed; borrowed. */
void lk_batch_init(struct lk_batch *batch, const struct lk_kernels *kernels, unsigned tenants,
                   uint64_t wait_ns, void *memory);

/* The row runs on this kernel from now on; lanes that wait stay where they are. */
void lk_batch_use(struct lk_batch *batch, enum lk_kernel_row row, const struct lk_kernel *kernel);

/* Queue a lane for lane->row, behind others of its tenant. */
void lk_batch_add(struct lk_batch *batch, struct lk_lane *lane, uint64_t now_ns);
/* The row to run now, charged for a batch of the lanes that wait; LK_ROW_COUNT: none does. */
enum lk_kernel_row lk_batch_row(struct lk_batch *batch, uint64_t now_ns);
/* What the row's last batch cost beyond what lk_batch_row charged for it. It is paid before the
 * next one, also where the row is empty meanwhile. */
void lk_batch_charge(struct lk_batch *batch, enum lk_kernel_row row, uint64_t extra_ns);
/* Take the row's next lane; NULL: none left. */
struct lk_lane *lk_batch_take(struct lk_batch *batch, enum lk_kernel_row row);
/* Forget every queue; the lanes are the caller's again. */
void lk_batch_clear(struct lk_batch *batch);

#endif
