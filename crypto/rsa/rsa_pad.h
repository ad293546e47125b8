/* rsa_pad: what stands around the RSA private operation: signature encodings before it, the TLS
 * premaster out of it.
 * Source RFC 8017 9.1, 9.2; lurk-tls12.md 5. Thread any. Allocates nothing. */
#ifndef LK_CRYPTO_RSA_PAD_H
#define LK_CRYPTO_RSA_PAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_PREMASTER_BYTES 48

/* em[k] := EMSA-PKCS1-v1_5 of a digest (hash: 0 SHA-256, 1 SHA-384, 2 SHA-512). */
bool lk_rsa_pad_pkcs1(unsigned hash, const uint8_t *digest, uint8_t *em, size_t k);

/* em[k] := EMSA-PSS of a digest, MGF1 of the same hash, salt of the digest's length given by the
 * caller. bits is the modulus size. */
bool lk_rsa_pad_pss(unsigned hash, const uint8_t *digest, const uint8_t *salt, uint32_t bits,
                    uint8_t *em, size_t k);

/* Which ClientHello versions a premaster may carry. */
enum lk_premaster_versions {
    LK_PREMASTER_TLS = 1,  /* 0303 */
    LK_PREMASTER_DTLS = 2, /* fefd */
    LK_PREMASTER_BOTH = 3
};

/* premaster := the 48 bytes inside m, or the stand-in of (d_hash, c) when the padding, the version
 * or the range of c is bad; chosen by mask. Never fails.
 * In      m[k] = c^d mod n (of 0 when c >= n) · c[k] as received · n[k] · d_hash[32]
 * Time    depends on k and versions only */
void lk_rsa_premaster(const uint8_t *m, const uint8_t *c, const uint8_t *n, size_t k,
                      const uint8_t d_hash[32], enum lk_premaster_versions versions,
                      uint8_t premaster[LK_PREMASTER_BYTES]);

#endif
