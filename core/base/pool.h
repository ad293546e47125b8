/* pool: who holds which of a fixed number of equal objects. It deals in indices; the objects lie
 * where the caller put them.
 *
 * Owner   one thread; nothing is shared.
 * Memory  the caller's, lk_pool_bytes(size) bytes, borrowed until the pool is forgotten.
 * Errors  an empty pool is LK_POOL_NONE, the caller's back-pressure. An index released twice, or
 *         one never taken, is a broken invariant (LK_ASSERT): two holders of one object.
 * Time    take and release are constant. The last released is taken first: its memory is warm. */
#ifndef LK_CORE_BASE_POOL_H
#define LK_CORE_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define LK_POOL_NONE UINT32_MAX

struct lk_pool {
    uint32_t *free;  /* the free indices; the last is taken next */
    uint64_t *taken; /* bit i: index i is out */
    uint32_t left;   /* free ones */
    uint32_t size;
};

/* Of memory for `size` objects. */
static inline size_t lk_pool_bytes(uint32_t size)
{
    return ((size_t)size + 63) / 64 * sizeof(uint64_t) + (size_t)size * sizeof(uint32_t);
}

/* All free, the lowest index first. memory is aligned for uint64_t; size is below LK_POOL_NONE. */
void lk_pool_init(struct lk_pool *pool, void *memory, uint32_t size);

/* An index below size, or LK_POOL_NONE. */
uint32_t lk_pool_take(struct lk_pool *pool);
void lk_pool_release(struct lk_pool *pool, uint32_t index);

#endif
