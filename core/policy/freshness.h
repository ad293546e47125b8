/* freshness: the function F that hides the server random, and the time window on its first bytes.
 * Source lurk-tls12.md 2 (D9, D10). Thread any. Time: S is public to both sides; variable time is
 * fine. */
#ifndef LK_CORE_POLICY_FRESHNESS_H
#define LK_CORE_POLICY_FRESHNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire/tls12.h"

/* The freshness functions served: 0 sha256. A test build adds 255, null. */
bool lk_freshness_known(uint8_t funct);
/* fs[32] := F(S). fs may equal s. funct is known. */
void lk_freshness_tls12(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                        uint8_t fs[LK_RANDOM_BYTES]);
/* Its two halves, for whoever hashes many texts at once: what SHA-256 is taken of, and F(S) from
 * the digest. */
#define LK_FRESHNESS_TLS12_TEXT_BYTES (LK_RANDOM_BYTES + 9)
void lk_freshness_tls12_text(const uint8_t s[LK_RANDOM_BYTES],
                             uint8_t text[LK_FRESHNESS_TLS12_TEXT_BYTES]);
void lk_freshness_tls12_of(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                           const uint8_t digest[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES]);
/* fs[32] := F(S) of a ServerHello of TLS 1.3; hash is the freshness field (lurk-tls13.md 3, T4).
 * There is no time in S and no table of those seen: the transcript binds the client's random. */
void lk_freshness_tls13(uint8_t hash, const uint8_t s[LK_RANDOM_BYTES],
                        uint8_t fs[LK_RANDOM_BYTES]);
/* |S[0..3] - now| <= window in signed 64-bit seconds; window 0 is off. *skew_s: S minus now. */
bool lk_freshness_in_window(const uint8_t s[LK_RANDOM_BYTES], int64_t now_unix_s, uint32_t window_s,
                            int64_t *skew_s);

#endif
