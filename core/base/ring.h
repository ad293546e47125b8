/* ring: a queue of slot references between exactly two threads, in the segment.
 *
 * Shape   power-of-two cells of u64; head and tail run freely as u32, compared by difference.
 * Callers one producer thread, one consumer thread, often in two processes that do not trust each
 *         other. Each keeps its own index and the last index it read of the peer in private memory
 *         (struct lk_ring); of the shared words it writes its own only and believes the other's
 *         when 0 <= tail - head <= cells.
 * Progress push and pop are wait-free: a bounded number of steps, whatever the other side does.
 * Errors  LK_ERR_FULL (push), 0 (pop: empty), LK_ERR_ABSURD: the peer's index is impossible; the
 *         caller gives the epoch up.
 *
 *   producer                       consumer
 *   cell[tail] = ref   (relaxed)   t = tail      (acquire: sees every cell before t)
 *   tail = tail + 1    (release)   ref = cell[head]
 *                                  head = head+1 (release: the cell was read before)
 *   h = head           (acquire: the consumer has read the cells before h; they may be reused)
 */
#ifndef LK_CORE_BASE_RING_H
#define LK_CORE_BASE_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

/* In the segment. Producer's and consumer's words lie on lines of their own. */
struct lk_ring_shared {
    alignas(64) _Atomic uint32_t tail; /* written by the producer */
    alignas(64) _Atomic uint32_t head; /* written by the consumer */
    alignas(64) _Atomic uint64_t cell[];
};

/* One side's private half. */
struct lk_ring {
    struct lk_ring_shared *shared;
    uint32_t cells; /* power of two; from our own configuration, never from shared memory */
    uint32_t own;   /* producer: tail; consumer: head */
    uint32_t peer;  /* the other's index as last read */
};

static inline size_t lk_ring_bytes(uint32_t cells)
{
    return sizeof(struct lk_ring_shared) + (size_t)cells * sizeof(uint64_t);
}

/* Attach one side to zeroed shared memory; both sides start at index 0 of a fresh epoch. */
void lk_ring_init(struct lk_ring *ring, struct lk_ring_shared *shared, uint32_t cells);

LK_MUST_USE lk_err lk_ring_push(struct lk_ring *ring, uint64_t ref);

/* Up to max references. Returns their count (0: empty) or LK_ERR_ABSURD. */
LK_MUST_USE int lk_ring_pop(struct lk_ring *ring, uint64_t *refs, uint32_t max);

/* Consumer: is there something? For the last look before sleep; acquire, as in pop. */
static inline bool lk_ring_waiting(const struct lk_ring *ring)
{
    return ring->peer != ring->own ||
           atomic_load_explicit(&ring->shared->tail, memory_order_acquire) != ring->own;
}

/* Cells in use as this side knows it: for the depth metric and for routing. */
uint32_t lk_ring_depth(const struct lk_ring *ring);

#endif
