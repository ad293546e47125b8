/* scheme: the signature schemes of TLS that are served, and which keys may be asked for them.
 * MD5, SHA-1 and SHA-224 are not among them. Stateless. Thread any.
 * Source RFC 8446 4.2.3; lurk-tls12.md 6, lurk-tls13.md 5.1. */
#ifndef LK_CORE_KEYS_SCHEME_H
#define LK_CORE_KEYS_SCHEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/wire/registry.h"
#include "crypto/crypto.h"

/* What the private operation works on. */
enum lk_scheme_form {
    LK_SCHEME_PKCS1,  /* EMSA-PKCS1-v1_5 of the digest */
    LK_SCHEME_PSS,    /* EMSA-PSS of the digest, salt as long as it is */
    LK_SCHEME_DIGEST, /* ECDSA */
    LK_SCHEME_TEXT    /* EdDSA: the text itself */
};

#define LK_SCHEME_HASH_INSIDE LK_HASH_COUNT /* EdDSA fixes its own hash: no rule names it */

struct lk_scheme_row {
    uint16_t scheme;
    uint8_t hash; /* enum lk_hash, or LK_SCHEME_HASH_INSIDE */
    uint8_t form; /* enum lk_scheme_form */
    /* Bit i: enum lk_key_kind i. TLS 1.2 does not tie ECDSA curves to hashes, TLS 1.3 does, and has
     * no PKCS#1 v1.5. */
    uint32_t kinds_tls12, kinds_tls13;
};

/* NULL: not served. */
const struct lk_scheme_row *lk_scheme_find(uint16_t scheme);
/* The rows, ascending; *count set. */
const struct lk_scheme_row *lk_schemes(size_t *count);

/* A key of this kind may be asked for it, where rules open these hashes (bit per enum lk_hash). */
static inline bool lk_scheme_open(const struct lk_scheme_row *row, uint32_t kinds,
                                  enum lk_key_kind kind, uint32_t hashes)
{
    if ((kinds >> kind & 1) == 0) return false;
    return row->hash == LK_SCHEME_HASH_INSIDE || (hashes >> row->hash & 1) != 0;
}

#endif
