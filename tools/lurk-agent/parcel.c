#include "tools/lurk-agent/parcel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "crypto/ct.h"
#include "tools/lurk-agent/limits.h"

#define LARGE_BIT 0x80000000u

static lk_err pool_init(struct lk_parcel_pool *pool, size_t bytes, uint32_t count, bool *locked)
{
    size_t all = bytes * count;
    *pool = (struct lk_parcel_pool){.bytes = bytes, .count = count};
    pool->next = calloc(count, sizeof *pool->next);
    pool->used = calloc(count, sizeof *pool->used);
    LK_REQUIRE(pool->next != NULL && pool->used != NULL, LK_ERR_MEMORY);
    void *memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    LK_REQUIRE(memory != MAP_FAILED, -errno);
    pool->memory = memory;
    if (madvise(memory, all, MADV_DONTDUMP) != 0 || madvise(memory, all, MADV_DONTFORK) != 0)
        return -errno;
    if (mlock(memory, all) != 0) *locked = false;
    for (uint32_t i = 0; i < count; i++)
        pool->next[i] = i + 1 < count ? i + 1 : LK_PARCEL_NONE;
    return LK_OK;
}

static void pool_fini(struct lk_parcel_pool *pool)
{
    if (pool->memory != NULL) {
        lk_wipe(pool->memory, pool->bytes * pool->count);
        munmap(pool->memory, pool->bytes * pool->count);
    }
    free(pool->next);
    free(pool->used);
}

lk_err lk_parcels_init(struct lk_parcels *parcels, uint32_t small, uint32_t large)
{
    *parcels = (struct lk_parcels){.locked = true};
    LK_TRY(pool_init(&parcels->pool[0], LK_PARCEL_SMALL_BYTES, small, &parcels->locked));
    return pool_init(&parcels->pool[1], LK_PARCEL_LARGE_BYTES, large, &parcels->locked);
}

void lk_parcels_fini(struct lk_parcels *parcels)
{
    pool_fini(&parcels->pool[0]);
    pool_fini(&parcels->pool[1]);
}

static uint32_t pool_take(struct lk_parcel_pool *pool)
{
    uint32_t index = pool->free;
    if (index == LK_PARCEL_NONE) return index;
    pool->free = pool->next[index];
    pool->taken++;
    return index;
}

uint32_t lk_parcel_take(struct lk_parcels *parcels, size_t len)
{
    if (len > LK_PARCEL_LARGE_BYTES) return LK_PARCEL_NONE;
    if (len <= LK_PARCEL_SMALL_BYTES) return pool_take(&parcels->pool[0]);
    uint32_t index = pool_take(&parcels->pool[1]);
    return index != LK_PARCEL_NONE ? index | LARGE_BIT : LK_PARCEL_NONE;
}

/* The pool a reference names, and the index in it. */
static struct lk_parcel_pool *find(const struct lk_parcels *parcels, uint32_t parcel,
                                   uint32_t *index)
{
    const struct lk_parcel_pool *pool = &parcels->pool[(parcel & LARGE_BIT) != 0];
    *index = parcel & ~LARGE_BIT;
    LK_ASSERT(*index < pool->count);
    return (struct lk_parcel_pool *)(uintptr_t)pool;
}

void lk_parcel_release(struct lk_parcels *parcels, uint32_t parcel)
{
    uint32_t index;
    struct lk_parcel_pool *pool = find(parcels, parcel, &index);
    lk_wipe(pool->memory + index * pool->bytes, pool->used[index]);
    pool->used[index] = 0;
    pool->next[index] = pool->free;
    pool->free = index;
    pool->taken--;
}

uint8_t *lk_parcel_write(struct lk_parcels *parcels, uint32_t parcel, size_t len)
{
    uint32_t index;
    struct lk_parcel_pool *pool = find(parcels, parcel, &index);
    if (len > pool->bytes) return NULL;
    if (len > pool->used[index]) pool->used[index] = (uint32_t)len;
    return pool->memory + index * pool->bytes;
}

const uint8_t *lk_parcel_data(const struct lk_parcels *parcels, uint32_t parcel)
{
    uint32_t index;
    const struct lk_parcel_pool *pool = find(parcels, parcel, &index);
    return pool->memory + index * pool->bytes;
}
