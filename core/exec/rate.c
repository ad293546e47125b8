#include "core/exec/rate.h"

#include <string.h>

#include "core/base/clock.h"

/* Peer and key are hashes already; the product mixes them. */
static uint32_t cell_of(const struct lk_rate_use *use)
{
    uint64_t key;
    memcpy(&key, use->key_full, sizeof key);
    uint64_t mixed = ((use->peer_hash + use->kind) ^ (key << 32 | key >> 32)) *
                     UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32) % LK_RATE_CELLS;
}

bool lk_rate_take(struct lk_rate *rate, const struct lk_rate_use *use, uint32_t per_s,
                  uint64_t now_ns)
{
    _Atomic uint64_t *cell = &rate->due_ns[cell_of(use)];
    uint64_t step_ns = LK_NS_PER_S / (per_s > 0 ? per_s : 1);
    uint64_t due_ns = atomic_load_explicit(cell, memory_order_relaxed), next_ns;
    do {
        next_ns = (due_ns > now_ns ? due_ns : now_ns) + step_ns;
        if (next_ns - now_ns > LK_NS_PER_S) return false;
    } while (!atomic_compare_exchange_weak_explicit(cell, &due_ns, next_ns, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}
