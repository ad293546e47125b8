/* segment: the memory that front and vault share for one epoch: rings, bells and slots, in a sealed
 * memfd that the supervisor makes. When front or vault dies, or an index is absurd, a fresh one is
 * made; nothing in an old one is read again and no ring is repaired (docs/architecture.md, epochs).
 *
 * Each side computes every address from its own shape (struct lk_segment_shape, from the plan the
 * supervisor sent) and never from the memory itself.
 * Locked and not dumped in both children. */
#ifndef LK_IO_SEGMENT_H
#define LK_IO_SEGMENT_H

#include <stdatomic.h>

#include "core/base/ring.h"
#include "core/exec/worker.h"

struct lk_segment_shape {
    uint32_t loops, workers;
    uint32_t small_per_loop, large_per_loop;
};

/* The word a sleeping worker waits on (futex), and the flag by which a loop says that it sleeps
 * (its bell is an eventfd). See bell.h. */
struct lk_bell_word {
    alignas(64) _Atomic uint32_t word;   /* futex of a worker: grows at each ring */
    alignas(64) _Atomic uint32_t asleep; /* 1: ring me */
};

struct lk_segment {
    struct lk_segment_shape shape;
    uint64_t epoch;
    void *base;
    size_t bytes;
    struct lk_bell_word *worker_bell; /* [workers] */
    struct lk_bell_word *loop_bell;   /* [loops]; asleep is used, word is not */
    struct lk_slot_map slots;
};

size_t lk_segment_bytes(const struct lk_segment_shape *shape);
/* Supervisor: a sealed memfd (SHRINK, GROW, SEAL) of zeros. Errors: LK_ERR_RANGE: a shape beyond
 * limits.h; errno. */
LK_MUST_USE lk_err lk_segment_make(const struct lk_segment_shape *shape, int *fd);
/* A child: map it, locked at first touch, not dumped, not forked. The fd stays the caller's and is
 * not needed any more. Errors: LK_ERR_RANGE as above; LK_ERR_ABSURD: not of this shape's size, or
 * not sealed; errno, -EPERM and -ENOMEM where RLIMIT_MEMLOCK is too small. */
LK_MUST_USE lk_err lk_segment_map(const struct lk_segment_shape *shape, uint64_t epoch, int fd,
                                  struct lk_segment *out);
void lk_segment_unmap(struct lk_segment *segment);

/* The ring from loop to worker, and from worker to loop. */
struct lk_ring_shared *lk_segment_ring_to_worker(const struct lk_segment *s, uint32_t loop,
                                                 uint32_t worker);
struct lk_ring_shared *lk_segment_ring_to_loop(const struct lk_segment *s, uint32_t loop,
                                               uint32_t worker);

#endif
