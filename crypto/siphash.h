/* siphash: SipHash-2-4, the keyed hash behind tables that strangers fill: without the key nobody
 * can choose inputs that meet in one bucket. Not for signatures or cookies (those use HMAC).
 * Time depends on lengths only. Thread any. Allocates nothing. */
#ifndef LK_CRYPTO_SIPHASH_H
#define LK_CRYPTO_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

/* Random; the paper's 16 bytes, each half read little-endian. */
struct lk_siphash_key {
    uint64_t k0, k1;
};

/* Source "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012), sections 2.1 to 2.4. */
uint64_t lk_siphash(const struct lk_siphash_key *key, const void *data, size_t len);

#define LK_SIPHASH_MANY 8 /* of one call */

/* hash[i] := that of message[i], under one key, for i < count; count 1 to LK_SIPHASH_MANY.
 * Time by the longest of them, in lanes. */
typedef void lk_siphash_many(const struct lk_siphash_key *key, const struct lk_piece *message,
                             unsigned count, uint64_t *hash);

lk_siphash_many lk_siphash_many_plain; /* one after the other */
lk_siphash_many lk_siphash_many_ifma;  /* eight lanes of AVX-512; needs LK_CPU_IFMA */

#endif
