#include "core/base/pool.h"

#include <string.h>

#include "core/base/err.h"

void lk_pool_init(struct lk_pool *pool, void *memory, uint32_t size)
{
    LK_ASSERT(size < LK_POOL_NONE);
    size_t words = ((size_t)size + 63) / 64;
    *pool = (struct lk_pool){.taken = memory, .left = size, .size = size};
    pool->free = (uint32_t *)(pool->taken + words);
    memset(pool->taken, 0, words * sizeof *pool->taken);
    for (uint32_t i = 0; i < size; i++)
        pool->free[i] = size - 1 - i;
}

uint32_t lk_pool_take(struct lk_pool *pool)
{
    if (pool->left == 0) return LK_POOL_NONE;
    uint32_t index = pool->free[--pool->left];
    pool->taken[index / 64] |= UINT64_C(1) << (index % 64);
    return index;
}

void lk_pool_release(struct lk_pool *pool, uint32_t index)
{
    LK_ASSERT(index < pool->size);
    uint64_t bit = UINT64_C(1) << (index % 64);
    LK_ASSERT((pool->taken[index / 64] & bit) != 0);
    pool->taken[index / 64] &= ~bit;
    pool->free[pool->left++] = index;
}
