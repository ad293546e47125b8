#include "core/base/slot.h"

#include "crypto/ct.h"

struct lk_slot *lk_slot_at(const struct lk_slot_map *map, uint32_t index, uint32_t *body_bytes,
                           uint32_t *loop)
{
    uint32_t small = map->loops * map->small_per_loop;
    if (index < small) {
        *body_bytes = LK_SLOT_SMALL_BODY_BYTES;
        *loop = index / map->small_per_loop;
        return (struct lk_slot *)(map->base + (size_t)index * LK_SLOT_SMALL_BYTES);
    }
    uint32_t large = index - small;
    if (large >= map->loops * map->large_per_loop) return NULL;
    *body_bytes = LK_SLOT_LARGE_BODY_BYTES;
    *loop = large / map->large_per_loop;
    return (struct lk_slot *)(map->base + (size_t)small * LK_SLOT_SMALL_BYTES +
                              (size_t)large * LK_SLOT_LARGE_BYTES);
}

void lk_slot_wipe(struct lk_slot *slot, uint32_t used_bytes)
{
    lk_wipe(slot->body, used_bytes);
}
