#include "io/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "crypto/ct.h"

/* --- addresses ------------------------------------------------------------------------------ */

socklen_t lk_address_bytes(const struct lk_address *address)
{
    return address->peer.sa.sa_family == AF_INET6 ? sizeof address->peer.in6
                                                  : sizeof address->peer.in;
}

void lk_address_text(const struct lk_address *address, char text[LK_ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in6 *in6 = &address->peer.in6;
    if (address->peer.sa.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->peer.in.sin_addr, host, sizeof host);
        snprintf(text, LK_ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(address->peer.in.sin_port));
    } else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof host);
        snprintf(text, LK_ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(in6->sin6_port));
    } else {
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(text, LK_ADDRESS_TEXT_BYTES, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
}

/* --- memory that holds requests and answers: locked at first touch, in no core file ----------- */

static void *map_private(size_t bytes)
{
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    if (madvise(base, bytes, MADV_DONTDUMP) != 0 || mlock2(base, bytes, MLOCK_ONFAULT) != 0) {
        int kept = errno;
        munmap(base, bytes);
        errno = kept;
        return NULL;
    }
    return base;
}

/* --- output --------------------------------------------------------------------------------- */

lk_err lk_out_pool_init(struct lk_out_pool *pool, uint32_t count)
{
    *pool = (struct lk_out_pool){.count = count};
    lk_share_init(&pool->share, count);
    pool->base = map_private(count * sizeof(struct lk_out));
    if (pool->base == NULL) return -errno;
    for (uint32_t i = count; i-- > 0;) {
        pool->base[i].next = pool->free;
        pool->free = &pool->base[i];
    }
    return LK_OK;
}

void lk_out_pool_fini(struct lk_out_pool *pool)
{
    if (pool->base != NULL) munmap(pool->base, pool->count * sizeof(struct lk_out));
    *pool = (struct lk_out_pool){0};
}

struct lk_out *lk_out_take(struct lk_out_pool *pool, uint16_t owner)
{
    struct lk_out *out = pool->free;
    if (out == NULL || lk_share_judge(&pool->share, owner, 0, false) != LK_SHARE_OPEN) return NULL;
    lk_share_take(&pool->share, owner);
    pool->free = out->next;
    pool->used++;
    memset(out, 0, offsetof(struct lk_out, data));
    out->owner = owner;
    return out;
}

void lk_out_release(struct lk_out_pool *pool, struct lk_out *out)
{
    LK_ASSERT(pool->used > 0);
    pool->used--;
    lk_share_give(&pool->share, out->owner);
    out->next = pool->free;
    pool->free = out;
}

void lk_out_release_wiped(struct lk_out_pool *pool, struct lk_out *out)
{
    lk_wipe(out->data, out->len);
    lk_out_release(pool, out);
}

/* --- messages in pieces --------------------------------------------------------------------- */

static void push(struct lk_part_pool *pool, struct lk_part *part)
{
    struct lk_part **list = part->large ? &pool->free_large : &pool->free_small;
    part->next = *list;
    *list = part;
}

lk_err lk_part_pool_init(struct lk_part_pool *pool)
{
    size_t count = LK_PARTS_SMALL_PER_LOOP + LK_PARTS_LARGE_PER_LOOP;
    *pool = (struct lk_part_pool){
        .bytes = (size_t)LK_PARTS_SMALL_PER_LOOP * LK_PART_SMALL_BYTES +
                 (size_t)LK_PARTS_LARGE_PER_LOOP * LK_PART_LARGE_BYTES,
    };
    lk_share_init(&pool->share_small, LK_PARTS_SMALL_PER_LOOP);
    lk_share_init(&pool->share_large, LK_PARTS_LARGE_PER_LOOP);
    pool->base = calloc(count, sizeof *pool->base);
    LK_REQUIRE(pool->base != NULL, LK_ERR_MEMORY);
    pool->memory = map_private(pool->bytes);
    if (pool->memory == NULL) {
        lk_err err = -errno;
        free(pool->base);
        pool->base = NULL;
        return err;
    }
    uint8_t *at = pool->memory;
    for (size_t i = 0; i < count; i++) {
        struct lk_part *part = &pool->base[i];
        part->large = i >= LK_PARTS_SMALL_PER_LOOP;
        part->size = part->large ? LK_PART_LARGE_BYTES : LK_PART_SMALL_BYTES;
        part->data = at;
        at += part->size;
        push(pool, part);
    }
    return LK_OK;
}

void lk_part_pool_fini(struct lk_part_pool *pool)
{
    if (pool->memory != NULL) munmap(pool->memory, pool->bytes);
    free(pool->base);
    *pool = (struct lk_part_pool){0};
}

static struct lk_part *pop(struct lk_part **list, struct lk_share *share, uint16_t owner)
{
    struct lk_part *part = *list;
    if (part == NULL || lk_share_judge(share, owner, 0, false) != LK_SHARE_OPEN) return NULL;
    *list = part->next;
    lk_share_take(share, owner);
    part->len = 0;
    part->owner = owner;
    return part;
}

struct lk_part *lk_part_take(struct lk_part_pool *pool, uint32_t bytes, uint16_t owner)
{
    struct lk_part *part = NULL;
    if (bytes <= LK_PART_SMALL_BYTES) part = pop(&pool->free_small, &pool->share_small, owner);
    if (part == NULL && bytes <= LK_PART_LARGE_BYTES)
        part = pop(&pool->free_large, &pool->share_large, owner);
    if (part != NULL) pool->used++;
    return part;
}

void lk_part_release(struct lk_part_pool *pool, struct lk_part *part)
{
    LK_ASSERT(pool->used > 0);
    pool->used--;
    lk_share_give(part->large ? &pool->share_large : &pool->share_small, part->owner);
    lk_wipe(part->data, part->len);
    part->len = 0;
    push(pool, part);
}

/* --- provided buffers ----------------------------------------------------------------------- */

lk_err lk_buf_ring_open(struct lk_buf_ring *ring, struct io_uring *uring, uint16_t group,
                        uint32_t count, uint32_t bytes)
{
    LK_ASSERT(count <= 32768 && (count & (count - 1)) == 0);
    *ring = (struct lk_buf_ring){.count = count, .bytes = bytes, .group = group};
    ring->memory = map_private((size_t)count * bytes);
    if (ring->memory == NULL) return -errno;
    ring->ring = map_private(count * sizeof(struct io_uring_buf));
    if (ring->ring == NULL) {
        lk_err err = -errno;
        munmap(ring->memory, (size_t)count * bytes);
        return err;
    }
    struct io_uring_buf_reg reg = {
        .ring_addr = (uintptr_t)ring->ring, .ring_entries = count, .bgid = group};
    int r = io_uring_register_buf_ring(uring, &reg, 0);
    if (r < 0) {
        munmap(ring->memory, (size_t)count * bytes);
        munmap(ring->ring, count * sizeof(struct io_uring_buf));
        ring->ring = NULL;
        return r;
    }
    io_uring_buf_ring_init(ring->ring);
    for (uint32_t i = 0; i < count; i++)
        lk_buf_ring_give(ring, (uint16_t)i);
    lk_buf_ring_publish(ring);
    return LK_OK;
}

void lk_buf_ring_close(struct lk_buf_ring *ring)
{
    if (ring->ring == NULL) return;
    munmap(ring->memory, (size_t)ring->count * ring->bytes);
    munmap(ring->ring, ring->count * sizeof(struct io_uring_buf));
    *ring = (struct lk_buf_ring){0};
}

uint8_t *lk_buf_ring_at(const struct lk_buf_ring *ring, uint16_t id)
{
    LK_ASSERT(id < ring->count);
    return ring->memory + (size_t)id * ring->bytes;
}

void lk_buf_ring_give(struct lk_buf_ring *ring, uint16_t id)
{
    io_uring_buf_ring_add(ring->ring, lk_buf_ring_at(ring, id), ring->bytes, id,
                          io_uring_buf_ring_mask(ring->count), (int)ring->given);
    ring->given++;
}

void lk_buf_ring_publish(struct lk_buf_ring *ring)
{
    if (ring->given > 0) io_uring_buf_ring_advance(ring->ring, (int)ring->given);
    ring->given = 0;
}
