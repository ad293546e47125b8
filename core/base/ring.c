#include "core/base/ring.h"

void lk_ring_init(struct lk_ring *ring, struct lk_ring_shared *shared, uint32_t cells)
{
    LK_ASSERT(cells > 0 && (cells & (cells - 1)) == 0);
    *ring = (struct lk_ring){.shared = shared, .cells = cells, .own = 0, .peer = 0};
}

lk_err lk_ring_push(struct lk_ring *ring, uint64_t ref)
{
    if (ring->own - ring->peer == ring->cells) {
        /* Orders the consumer's read of the cell before our reuse of it (its release of head). */
        uint32_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
        if (ring->own - head > ring->cells) return LK_ERR_ABSURD;
        ring->peer = head;
        if (ring->own - head == ring->cells) return LK_ERR_FULL;
    }
    uint32_t at = ring->own & (ring->cells - 1);
    atomic_store_explicit(&ring->shared->cell[at], ref, memory_order_relaxed);
    ring->own++;
    /* Orders the cell, and the slot it names, before the consumer's acquire of tail. */
    atomic_store_explicit(&ring->shared->tail, ring->own, memory_order_release);
    return LK_OK;
}

int lk_ring_pop(struct lk_ring *ring, uint64_t *refs, uint32_t max)
{
    if (ring->peer == ring->own) {
        /* Orders the producer's writes of cells and slots before our reads of them. */
        uint32_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
        if (tail - ring->own > ring->cells) return LK_ERR_ABSURD;
        ring->peer = tail;
    }
    uint32_t count = ring->peer - ring->own;
    if (count > max) count = max;
    if (count == 0) return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (ring->own + i) & (ring->cells - 1);
        refs[i] = atomic_load_explicit(&ring->shared->cell[at], memory_order_relaxed);
    }
    ring->own += count;
    /* Orders our reads of the cells before the producer reuses them (its acquire of head). */
    atomic_store_explicit(&ring->shared->head, ring->own, memory_order_release);
    return (int)count;
}

uint32_t lk_ring_depth(const struct lk_ring *ring)
{
    uint32_t d = ring->own - ring->peer;
    return d <= ring->cells ? d : 0 - d;
}
