/* novelty: has this server random been used before? One table in a memfd that outlives the vault.
 *
 * Shape   a hash table of 16-byte entries in buckets of 8, two buckets a value: a 64-bit keyed
 *         fingerprint of (key, S), a 32-bit hash of (peer, payload), the second it may be forgotten
 *         and a count of uses. An entry past its second is an empty one; nothing sweeps.
 * Callers every worker, concurrently; entering is one compare-and-swap of 16 bytes. Never blocks; a
 *         bounded number of steps unless others keep changing the same two buckets.
 * Rule    lurk-tls12.md 2: S stays until S[0..3] + window has passed; the same (peer, payload)
 *         is worked again at most 3 times; anything else with that S is a replay. With the
 *         window off the time in S says nothing: S then stays LK_NOVELTY_KEEP_S from its first
 *         use.
 * Share   while fewer than 12 of the 16 places where a value may lie are in use, anybody enters.
 *         From there on a peer may only while it made less than an eighth of the table in this
 *         period of two windows; a 32nd, a 128th, a 512th where 13, 14, 15 are in use. So a peer
 *         alone is refused nothing until a third of the table is in use, next to nothing until
 *         half is, and fills three quarters. A flood stops there, and another peer that asks for
 *         less than a 32nd goes on. Of many that flood at once each is held to less, and one
 *         that asks for less than a 512th gets in last of all. Peers that share a cell of the
 *         table of shares share the bound.
 * Size    entries = requests a second * seconds kept * 2: a window for an edge with a right
 *         clock. 4,194,304 hold 35,000 RSA requests a second (60 s), or 209,000 of ecdhe (10 s)
 *         on keys that serve nothing else, without a look at shares; half as many again before a
 *         lone peer meets them.
 * Doubt   two that enter the same S in the same instant are both told that it was there before:
 *         each is then judged as a repeat, which only the same request of the same peer
 *         survives. */
#ifndef LK_CORE_EXEC_NOVELTY_H
#define LK_CORE_EXEC_NOVELTY_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "crypto/siphash.h"
#include "core/wire/tls12.h"

#define LK_NOVELTY_REPEATS_MAX 3 /* of the same request of the same peer */
#define LK_NOVELTY_KEEP_S 120    /* with the window off: two default windows */

enum lk_novelty { LK_NEW, LK_SAME_AGAIN, LK_REPLAYED, LK_NOVELTY_FULL };

struct lk_novelty_table; /* in the memfd; opaque */

/* Plain data: each worker has a copy. */
struct lk_novelty_view {
    struct lk_novelty_table *table; /* NULL: no table */
    uint32_t buckets;               /* power of two; from the size of the memory */
    uint32_t share;               /* entries a peer may make in a period where the table fills up */
    struct lk_siphash_key key[2]; /* of fingerprints, of places and payloads: random per table,
                                   * kept in it */
    int64_t started_unix_s; /* of the table: S older than this is refused (design section 5) */
};

/* Somebody wants to use S for a key. */
struct lk_novelty_ask {
    const uint8_t *key_full; /* [32] names the key */
    const uint8_t *s;        /* [LK_RANDOM_BYTES] */
    uint64_t peer_hash;
    struct lk_bytes payload; /* of the request, longer than 16 bytes */
};

/* Where the S of a key lies in a table, and by what the same request of the same peer is told from
 * another. Keyed: without the table's key nobody finds two that are alike. */
struct lk_novelty_place {
    uint64_t print; /* the fingerprint */
    uint32_t bucket[2];
    uint32_t peer_payload;
};

/* One use of S, as it goes to the kernel. */
struct lk_novelty_use {
    struct lk_novelty_place place;
    const uint8_t *s; /* [LK_RANDOM_BYTES] */
    uint64_t peer_hash;
    uint32_t window_s; /* the longest of the exchanges this key may serve; 0: off */
};

/* Bytes of a table for at least `entries` entries. */
size_t lk_novelty_bytes(uint32_t entries);
/* Attach to page-aligned memory of a size that lk_novelty_bytes gave; a zeroed one is set up
 * (random key, start time). One thread, before the workers run.
 * Errors  LK_ERR_FORMAT: no such size, or a table of another size; LK_ERR_CRYPTO: no random
 *         bytes. */
LK_MUST_USE lk_err lk_novelty_attach(struct lk_novelty_view *view, void *memory, size_t bytes,
                                     int64_t now_unix_s);

#define LK_NOVELTY_ASKS_MAX LK_SIPHASH_MANY /* of one call */

/* The places, asked of the memory too: the table is larger than any cache, so whoever has several S
 * to enter finds the places of all of them first and waits once.
 * In      ask[i] for i < count, count 1 to LK_NOVELTY_ASKS_MAX · hash: the instance for this CPU */
void lk_novelty_find(const struct lk_novelty_view *view, lk_siphash_many *hash,
                     const struct lk_novelty_ask *ask, unsigned count,
                     struct lk_novelty_place *place);
/* Check and enter in one atomic step. */
enum lk_novelty lk_novelty_enter(const struct lk_novelty_view *view,
                                 const struct lk_novelty_use *use, int64_t now_unix_s);

#endif
