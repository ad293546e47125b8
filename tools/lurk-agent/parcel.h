/* parcel: where the bytes of requests and answers lie while they are under way: two pools of equal
 * buffers, in memory that is locked where the system lets us, not dumped and not inherited by a
 * child. A request's buffer takes its answer too, where it fits. Wiped when it is released.
 * Owner one thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_PARCEL_H
#define LK_TOOLS_LURK_AGENT_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* A reference: the pool in the top bit. */
#define LK_PARCEL_NONE UINT32_MAX

struct lk_parcel_pool {
    uint8_t *memory;
    uint32_t *next; /* of the free ones */
    uint32_t *used; /* bytes that were written and are to be wiped */
    size_t bytes;   /* of one */
    uint32_t count, free, taken;
};

struct lk_parcels {
    struct lk_parcel_pool pool[2]; /* small, large */
    bool locked;
};

LK_MUST_USE lk_err lk_parcels_init(struct lk_parcels *parcels, uint32_t small, uint32_t large);
void lk_parcels_fini(struct lk_parcels *parcels);

/* One with room for len bytes; LK_PARCEL_NONE: none is free, or len is too long for any. */
uint32_t lk_parcel_take(struct lk_parcels *parcels, size_t len);
void lk_parcel_release(struct lk_parcels *parcels, uint32_t parcel);
/* Its memory, to be written up to len bytes, which are wiped at its release; NULL: too short. */
uint8_t *lk_parcel_write(struct lk_parcels *parcels, uint32_t parcel, size_t len);
const uint8_t *lk_parcel_data(const struct lk_parcels *parcels, uint32_t parcel);

#endif
