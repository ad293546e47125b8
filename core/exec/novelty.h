/* novelty: has this server random been used before? One table in a memfd that outlives the vault.
 *
 * Shape   open-addressed buckets by second; an entry is a 64-bit keyed fingerprint of (key, S), a
 *         32-bit hash of (peer, payload) and a count of uses.
 * Callers every worker, concurrently; entering is one compare-and-swap. Never blocks.
 * Rule    lurk-tls12.md 2: S stays until S[0..3] + window has passed; the same (peer, payload) is worked
 *         again at most 3 times; anything else with that S is a replay. */
#ifndef LK_CORE_EXEC_NOVELTY_H
#define LK_CORE_EXEC_NOVELTY_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire/tls12.h"

enum lk_novelty { LK_NEW, LK_SAME_AGAIN, LK_REPLAYED, LK_NOVELTY_FULL };

struct lk_novelty_table; /* in the memfd; opaque */

struct lk_novelty_view {
    struct lk_novelty_table *table;
    size_t bytes;
    uint8_t key[16];        /* of the fingerprint: random per table, kept in it */
    int64_t started_unix_s; /* of the table: S older than this is refused (design section 5) */
};

/* Bytes of a table for `entries` entries (rounded up). */
size_t lk_novelty_bytes(uint32_t entries);
/* Attach to memory of that size; a zeroed one is set up (random key, start time). */
void lk_novelty_attach(struct lk_novelty_view *view, void *memory, size_t bytes, int64_t now_unix_s);

/* Check and enter in one atomic step. key_full[32] names the key. peer_payload: 32-bit hash. */
enum lk_novelty lk_novelty_enter(struct lk_novelty_view *view, const uint8_t key_full[32],
                                 const uint8_t s[LK_RANDOM_BYTES], uint32_t peer_payload,
                                 uint64_t peer_hash, uint32_t window_s, int64_t now_unix_s);

#endif
