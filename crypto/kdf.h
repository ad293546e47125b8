/* kdf: the TLS 1.2 pseudo-random function (RFC 5246 5, RFC 7627) over our HMAC.
 * Time depends on lengths only; secrets in locals are wiped. Thread any. */
#ifndef LK_CRYPTO_KDF_H
#define LK_CRYPTO_KDF_H

#include "crypto/hash.h"

/* out[out_len] := PRF_hash(secret, label || seed pieces). label is text without its terminator.
 * Alias  out may not overlap the inputs. */
void lk_tls12_prf(unsigned hash, const void *secret, size_t secret_len, const char *label,
                  const struct lk_piece *seed, size_t seed_count, uint8_t *out, size_t out_len);

#endif
