#include "core/exec/batch.h"

/* Visits until the dearest batch is affordable: bounds the search for the next row, times the rows
 * that share. It is 20 us in front of a proof of 78 ms, 120 us where five other rows of DHE wait;
 * with fewer visits the quantum of all rows would be larger. */
#define VISITS_MAX 256

/* Whoever asks names the group, and a false proof or a bad share costs nothing to make: rows that
 * differ by that alone share what one row has. Those of keys do not: the operator gave the keys. */
#define ROWS(first, last) ((UINT32_C(2) << LK_ROW_##last) - (UINT32_C(1) << LK_ROW_##first))
static const uint32_t families[] = {
    ROWS(POO_P256, POO_X448),
    ROWS(SHARE_P256, SHARE_X448),
    ROWS(DH_PUBLIC, POO_DH8192),
};
_Static_assert(LK_ROW_COUNT < 32, "a row is a bit");

void lk_batch_init(struct lk_batch *batch, const struct lk_kernels *kernels, unsigned tenants,
                   uint64_t wait_ns, void *memory)
{
    LK_ASSERT(tenants > 0);
    *batch = (struct lk_batch){.wait_ns = wait_ns, .tenants = tenants};
    batch->quantum_ns = LK_BATCH_QUANTUM_NS;
    struct lk_batch_queue *queue = memory;
    for (unsigned r = 0; r < LK_ROW_COUNT; r++) {
        batch->row[r].queue = queue + (size_t)r * tenants;
        lk_batch_use(batch, (enum lk_kernel_row)r, &kernels->row[r]);
    }
}

void lk_batch_use(struct lk_batch *batch, enum lk_kernel_row row, const struct lk_kernel *kernel)
{
    LK_ASSERT(kernel->lanes_max > 0 && kernel->lanes_max <= LK_LANES_MAX);
    batch->kernel[row] = kernel;
    uint64_t least = kernel->cost_ns / VISITS_MAX + 1;
    if (batch->quantum_ns < least) batch->quantum_ns = least;
}

static void round_append(struct lk_batch_row *row, struct lk_batch_queue *queue)
{
    queue->next = NULL;
    if (row->last != NULL)
        row->last->next = queue;
    else
        row->first = queue;
    row->last = queue;
}

void lk_batch_add(struct lk_batch *batch, struct lk_lane *lane, uint64_t now_ns)
{
    struct lk_batch_row *row = &batch->row[lane->row];
    struct lk_batch_queue *queue = &row->queue[lane->key->tenant % batch->tenants];
    lane->next = NULL;
    lane->queued_ns = now_ns;
    row->count++;
    if (queue->first != NULL) {
        queue->last->next = lane;
        queue->last = lane;
        return;
    }
    queue->first = queue->last = lane;
    round_append(row, queue);
}

struct lk_lane *lk_batch_take(struct lk_batch *batch, enum lk_kernel_row r)
{
    struct lk_batch_row *row = &batch->row[r];
    struct lk_batch_queue *queue = row->first;
    if (queue == NULL) return NULL;
    struct lk_lane *lane = queue->first;
    row->first = queue->next;
    if (row->first == NULL) row->last = NULL;
    queue->first = lane->next;
    if (queue->first != NULL) round_append(row, queue);
    lane->next = NULL;
    if (--row->count == 0) row->deficit_ns = 0; /* who was away saves nothing up */
    return lane;
}

/* Tenants' first lanes are their oldest. A row that is not full has fewer than lanes_max of
 * them. */
static bool waited(const struct lk_batch_row *row, uint64_t now_ns, uint64_t wait_ns)
{
    for (const struct lk_batch_queue *q = row->first; q != NULL; q = q->next)
        if (now_ns - q->first->queued_ns >= wait_ns) return true;
    return false;
}

/* Bit r: row r is due. */
static uint32_t rows_due(const struct lk_batch *batch, uint64_t now_ns)
{
    uint32_t due = 0, waiting = 0;
    for (unsigned r = 0; r < LK_ROW_COUNT; r++) {
        const struct lk_batch_row *row = &batch->row[r];
        if (row->count == 0) continue;
        waiting |= UINT32_C(1) << r;
        if (row->count >= batch->kernel[r]->lanes_max || waited(row, now_ns, batch->wait_ns))
            due |= UINT32_C(1) << r;
    }
    return due != 0 ? due : waiting;
}

/* Of the batch that would run now. Lanes that go home on the way to it leave room for others; where
 * there are none the row is empty, and its account is closed anyway. */
static int64_t cost_now_ns(const struct lk_batch *batch, unsigned r)
{
    const struct lk_kernel *kernel = batch->kernel[r];
    uint32_t count = batch->row[r].count;
    return lk_kernel_cost_ns(kernel, count < kernel->lanes_max ? count : kernel->lanes_max);
}

/* What one visit to a row that is due is worth. */
static int64_t credit_ns(const struct lk_batch *batch, uint32_t due, unsigned row)
{
    int sharers = 1;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if ((families[i] >> row & 1) != 0) sharers = __builtin_popcount(due & families[i]);
    return (int64_t)batch->quantum_ns / sharers;
}

enum lk_kernel_row lk_batch_row(struct lk_batch *batch, uint64_t now_ns)
{
    uint32_t due = rows_due(batch, now_ns);
    if (due == 0) return LK_ROW_COUNT;
    for (;;) {
        struct lk_batch_row *row = &batch->row[batch->turn];
        int64_t cost_ns = cost_now_ns(batch, batch->turn);
        if ((due >> batch->turn & 1) != 0 && row->deficit_ns >= cost_ns) {
            row->deficit_ns -= cost_ns;
            return (enum lk_kernel_row)batch->turn;
        }
        batch->turn = (batch->turn + 1) % LK_ROW_COUNT;
        if ((due >> batch->turn & 1) != 0)
            batch->row[batch->turn].deficit_ns += credit_ns(batch, due, batch->turn);
    }
}

void lk_batch_charge(struct lk_batch *batch, enum lk_kernel_row row, uint64_t extra_ns)
{
    batch->row[row].deficit_ns -= (int64_t)extra_ns;
}

void lk_batch_clear(struct lk_batch *batch)
{
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        while (lk_batch_take(batch, (enum lk_kernel_row)r) != NULL)
            ;
}
