/* hash: SHA-2 and HMAC, over libcrypto's code without its fetches. State on the caller's stack,
 * plain memory: a copy of a state continues on its own. Allocates nothing.
 * Time depends on lengths only. Thread any, one call at a time per state. */
#ifndef LK_CRYPTO_HASH_H
#define LK_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define LK_SHA256_BYTES 32
#define LK_HASH_BYTES_MAX 64

/* hash: enum lk_hash numbers of registry.h (0 SHA-256, 1 SHA-384, 2 SHA-512). */
size_t lk_hash_bytes(unsigned hash);
void lk_sha256(const void *data, size_t len, uint8_t out[LK_SHA256_BYTES]);
void lk_hash(unsigned hash, const void *data, size_t len, uint8_t *out);

/* For key identifiers, which certificates make with it; nothing rests on it. */
#define LK_SHA1_BYTES 20
void lk_sha1(const void *data, size_t len, uint8_t out[LK_SHA1_BYTES]);

/* Digest of up to a few pieces in a row. */
struct lk_piece {
    const void *data;
    size_t len;
};
void lk_hash_pieces(unsigned hash, const struct lk_piece *pieces, size_t count, uint8_t *out);
void lk_hmac(unsigned hash, const void *key, size_t key_len, const struct lk_piece *pieces,
             size_t count, uint8_t *out);

/* Incremental. Big enough for the library's largest state. Holds what was hashed: lk_wipe it when
 * that is secret (lk_hash_finish does). */
struct lk_hash_state {
    uint64_t opaque[28];
    unsigned hash;
};
void lk_hash_start(struct lk_hash_state *state, unsigned hash);
void lk_hash_add(struct lk_hash_state *state, const void *data, size_t len);
/* Digest into out, and the state is wiped. */
void lk_hash_finish(struct lk_hash_state *state, uint8_t *out);

/* An HMAC key taken in once (both key blocks hashed) for many messages. Secret: wipe after use. */
struct lk_hmac_key {
    struct lk_hash_state inner, outer;
};
void lk_hmac_key_init(struct lk_hmac_key *key, unsigned hash, const void *secret, size_t len);
void lk_hmac_keyed(const struct lk_hmac_key *key, const struct lk_piece *pieces, size_t count,
                   uint8_t *out);

/* What is left of a SHA-256 key: the chaining values after its two blocks. For code that hashes
 * many messages side by side (hmac_lanes.h). Secret: wipe after use. */
struct lk_hmac_states {
    uint32_t inner[8], outer[8];
};
void lk_hmac_states_init(struct lk_hmac_states *states, const void *secret, size_t len);

#endif
