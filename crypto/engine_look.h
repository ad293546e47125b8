/* engine_look: which of the lanes that a kernel refused the library looks at again, so that a
 * kernel that refuses wrongly is found out. A peer may send nothing but what is to be refused: were
 * all of it looked at, it would have many times the time of one that sends what is right.
 * Owner, thread: of the turn, its worker. */
#ifndef LK_CRYPTO_ENGINE_LOOK_H
#define LK_CRYPTO_ENGINE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

/* Lanes of one call. All are as soon as the library thought otherwise of one. */
#define LK_LOOKS 2

struct lk_looks {
    unsigned turn; /* the lane that is looked at next */
};

/* The first of `lanes`, not 0, from the lane on whose turn it is: its bit. */
static inline uint64_t lk_looks_next(struct lk_looks *looks, uint64_t lanes)
{
    uint64_t later = lanes & ~UINT64_C(0) << looks->turn;
    unsigned lane = (unsigned)__builtin_ctzll(later != 0 ? later : lanes);
    looks->turn = (lane + 1) % 64;
    return UINT64_C(1) << lane;
}

/* Is one more to be looked at? made: those of this call; trusted: the kernel was right in all. */
static inline bool lk_looks_more(uint64_t lanes, unsigned made, bool trusted)
{
    return lanes != 0 && (made < LK_LOOKS || !trusted);
}

#endif
