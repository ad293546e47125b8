/* keyid: the names of a public key. On the wire 4 bytes select; inside, the full hash names.
 * Source lurk-tls12.md 2 (D1). Thread any. */
#ifndef LK_CORE_KEYS_KEYID_H
#define LK_CORE_KEYS_KEYID_H

#include <stdint.h>

#include "core/base/bytes.h"
#include "core/wire/tls12.h"
#include "crypto/hash.h"

struct lk_keyid {
    uint8_t full[LK_SHA256_BYTES]; /* SHA-256 of SubjectPublicKeyInfo */
    uint8_t id[2][LK_KEY_ID_BYTES]; /* of the SubjectPublicKeyInfo; of the RSAPublicKey */
    uint32_t id_count;              /* 2 for RSA, else 1 */
};
/* rsa_public is empty unless RSA. */
void lk_keyid_of(struct lk_bytes spki, struct lk_bytes rsa_public, struct lk_keyid *out);

#endif
