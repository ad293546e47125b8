/* rate: how many premasters, or signed certificate requests, a peer gets of a key in a second. All
 * workers of a vault share one table of cells; a cell holds the time at which the next one would be
 * due were they evenly spaced (the generic cell rate algorithm), and up to a second's worth may
 * come at once. Peers and keys that meet in one cell share its rate: never more than the bound, at
 * times less.
 *
 * Owner   the vault, for the life of its process. Thread any; lock-free.
 * Order   relaxed: a cell says nothing of any other memory, and the exchange of the whole cell is
 *         what keeps two from taking the same turn.
 * Time    now_ns is an argument; constant, but for retries while others change the same cell. */
#ifndef LK_CORE_EXEC_RATE_H
#define LK_CORE_EXEC_RATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LK_RATE_CELLS 8192
/* All peers together get as many certificate requests of a key as so many of them would: whoever
 * the front says they are. */
#define LK_RATE_PEERS 16

/* What is rated, each by itself. */
enum lk_rated { LK_RATED_NOT, LK_RATED_PREMASTER, LK_RATED_CERT_REQUEST, LK_RATED_COUNT };

struct lk_rate {
    _Atomic uint64_t due_ns[LK_RATE_CELLS];
};

/* Whose, and of what. */
struct lk_rate_use {
    uint64_t peer_hash;
    const uint8_t *key_full; /* [32], a hash */
    enum lk_rated kind;
};
/* One more at this many a second? True: it is counted. */
bool lk_rate_take(struct lk_rate *rate, const struct lk_rate_use *use, uint32_t per_s,
                  uint64_t now_ns);

#endif
