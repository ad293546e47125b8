/* schedule: the key schedule of TLS 1.3 (RFC 8446 7.1) as far as a handshake without a PSK needs
 * it, over our HMAC. Secrets are as long as the hash.
 * Time depends on lengths only; secrets in locals are wiped. Thread any. Allocates nothing. */
#ifndef LK_CRYPTO_SCHEDULE_H
#define LK_CRYPTO_SCHEDULE_H

#include "crypto/hash.h"

/* prk := HKDF-Extract(salt, ikm). salt NULL: zeros. */
void lk_hkdf_extract(unsigned hash, const uint8_t *salt, const void *ikm, size_t ikm_len,
                     uint8_t *prk);
/* out[hash bytes] := HKDF-Expand-Label(secret, label, context, hash bytes). label is text without
 * its terminator and without "tls13 ", at most 18 bytes; context is at most a hash.
 * Alias  out may equal secret. */
void lk_tls13_expand(unsigned hash, const uint8_t *secret, const char *label,
                     const uint8_t *context, size_t context_len, uint8_t *out);

/* From a key exchange's shared secret to the handshake secret, the early secret being that of no
 * PSK; from there to the master secret. */
void lk_tls13_handshake_secret(unsigned hash, const uint8_t *shared, size_t shared_len,
                               uint8_t *out);
void lk_tls13_master_secret(unsigned hash, const uint8_t *handshake_secret, uint8_t *out);
/* out := verify_data of a Finished over this transcript hash, by a handshake traffic secret. */
void lk_tls13_finished(unsigned hash, const uint8_t *traffic_secret, const uint8_t *transcript,
                       uint8_t *out);

#endif
