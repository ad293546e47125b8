#include "io/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Offsets of the parts, all from our own shape:
 *
 *   worker bells | loop bells | rings to workers | rings to loops | (page) slots */
struct parts {
    size_t loop_bell, to_worker, to_loop, slots, end;
};

static size_t page_up(size_t n)
{
    return (n + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

static struct parts parts_of(const struct lk_segment_shape *shape)
{
    size_t rings = (size_t)shape->loops * shape->workers * lk_ring_bytes(LK_RING_CELLS);
    struct parts p;
    p.loop_bell = shape->workers * sizeof(struct lk_bell_word);
    p.to_worker = p.loop_bell + shape->loops * sizeof(struct lk_bell_word);
    p.to_loop = p.to_worker + rings;
    p.slots = page_up(p.to_loop + rings);
    p.end = page_up(p.slots +
                    lk_slot_map_bytes(shape->loops, shape->small_per_loop, shape->large_per_loop));
    return p;
}

static bool shape_good(const struct lk_segment_shape *shape)
{
    return shape->loops >= 1 && shape->loops <= LK_LOOPS_MAX && shape->workers >= 1 &&
           shape->workers <= LK_WORKERS_MAX && shape->small_per_loop <= LK_SLOTS_SMALL_PER_LOOP &&
           shape->large_per_loop <= LK_SLOTS_LARGE_PER_LOOP;
}

size_t lk_segment_bytes(const struct lk_segment_shape *shape)
{
    return parts_of(shape).end;
}

lk_err lk_segment_make(const struct lk_segment_shape *shape, int *fd)
{
    LK_REQUIRE(shape_good(shape), LK_ERR_RANGE);
    int made = memfd_create("lurk-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0) return -errno;
    if (ftruncate(made, (off_t)lk_segment_bytes(shape)) != 0 ||
        fcntl(made, F_ADD_SEALS, SEALS) != 0) {
        lk_err err = -errno;
        close(made);
        return err;
    }
    *fd = made;
    return LK_OK;
}

/* A memfd of another size, or one that may still shrink, would turn our reads into SIGBUS. */
static lk_err check_memfd(int fd, size_t bytes)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return -errno;
    LK_REQUIRE((size_t)st.st_size == bytes, LK_ERR_ABSURD);
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0) return -errno;
    LK_REQUIRE((seals & SEALS) == SEALS, LK_ERR_ABSURD);
    return LK_OK;
}

/* Locked at first touch, so that a loop's slots lie on its own node. */
static lk_err map_locked(int fd, size_t bytes, void **out)
{
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return -errno;
    if (madvise(base, bytes, MADV_DONTDUMP) != 0 || madvise(base, bytes, MADV_DONTFORK) != 0 ||
        mlock2(base, bytes, MLOCK_ONFAULT) != 0) {
        lk_err err = -errno;
        munmap(base, bytes);
        return err;
    }
    *out = base;
    return LK_OK;
}

lk_err lk_segment_map(const struct lk_segment_shape *shape, uint64_t epoch, int fd,
                      struct lk_segment *out)
{
    LK_REQUIRE(shape_good(shape), LK_ERR_RANGE);
    struct parts p = parts_of(shape);
    LK_TRY(check_memfd(fd, p.end));
    void *base = NULL;
    LK_TRY(map_locked(fd, p.end, &base));
    uint8_t *at = base;
    *out = (struct lk_segment){
        .shape = *shape,
        .epoch = epoch,
        .base = base,
        .bytes = p.end,
        .worker_bell = base,
        .loop_bell = (struct lk_bell_word *)(void *)(at + p.loop_bell),
        .slots = {.base = at + p.slots,
                  .loops = shape->loops,
                  .small_per_loop = shape->small_per_loop,
                  .large_per_loop = shape->large_per_loop},
    };
    return LK_OK;
}

void lk_segment_unmap(struct lk_segment *segment)
{
    if (segment->base != NULL) munmap(segment->base, segment->bytes);
    segment->base = NULL;
}

static struct lk_ring_shared *ring_at(const struct lk_segment *s, size_t first, uint32_t loop,
                                      uint32_t worker)
{
    LK_ASSERT(loop < s->shape.loops && worker < s->shape.workers);
    size_t n = (size_t)loop * s->shape.workers + worker;
    return (struct lk_ring_shared *)(void *)((uint8_t *)s->base + first +
                                             n * lk_ring_bytes(LK_RING_CELLS));
}

struct lk_ring_shared *lk_segment_ring_to_worker(const struct lk_segment *s, uint32_t loop,
                                                 uint32_t worker)
{
    return ring_at(s, parts_of(&s->shape).to_worker, loop, worker);
}

struct lk_ring_shared *lk_segment_ring_to_loop(const struct lk_segment *s, uint32_t loop,
                                               uint32_t worker)
{
    return ring_at(s, parts_of(&s->shape).to_loop, loop, worker);
}
