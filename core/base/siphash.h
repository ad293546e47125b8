/* siphash: SipHash-2-4, the keyed hash behind tables that strangers fill: without the key nobody
 * can choose inputs that meet in one bucket. Not for signatures or cookies (those use HMAC).
 * Time depends on lengths only. Thread any. Allocates nothing. */
#ifndef LK_CORE_BASE_SIPHASH_H
#define LK_CORE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* Random; the paper's 16 bytes, each half read little-endian. */
struct lk_siphash_key {
    uint64_t k0, k1;
};

/* Source "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012), sections 2.1 to 2.4. */
uint64_t lk_siphash(const struct lk_siphash_key *key, const void *data, size_t len);

#endif
