/* siphash: SipHash-2-4, the keyed hash behind tables that strangers fill: without the key nobody
 * can choose inputs that meet in one bucket. Not for signatures or cookies (those use HMAC).
 * Time depends on lengths only. Thread any. Allocates nothing. */
#ifndef LK_CORE_BASE_SIPHASH_H
#define LK_CORE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define LK_SIPHASH_KEY_BYTES 16

struct lk_siphash_key {
    uint64_t k0, k1;
};

/* From 16 random bytes. */
struct lk_siphash_key lk_siphash_key_of(const uint8_t bytes[LK_SIPHASH_KEY_BYTES]);

/* Source "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012), sections 2.1 to 2.4. */
uint64_t lk_siphash(const struct lk_siphash_key *key, const void *data, size_t len);

#endif
