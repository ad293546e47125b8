/* engine_key: what a loaded private key consists of, for the files of this engine only. Others name
 * it through crypto.h.
 * Read only once made, but for rsa[w], ed_ctx[w] and ed_check[w], which are worker w's. */
#ifndef LK_CRYPTO_ENGINE_KEY_H
#define LK_CRYPTO_ENGINE_KEY_H

#include <openssl/types.h>

#include "crypto/crypto.h"
#include "crypto/ec/ec_key.h"
#include "crypto/engine_parse.h"
#include "crypto/engine_rsa.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_check.h"
#include "crypto/rsa/rsa_key.h"

#define LK_ENGINE_RSA_BYTES_MAX LK_RSA_PUBLIC_BYTES_MAX
#define LK_ENGINE_SIGNATURE_BYTES_MAX 160 /* ECDSA over P-521 has up to 139, Ed448 has 114 */

struct lk_engine_key {
    struct lk_key_facts facts;
    struct lk_key_parts parts; /* parts.rsa is the origin of the copies and does no operation */
    unsigned workers;
    uint8_t *spki, *rsa_public; /* what facts points at */
    /* RSA */
    struct lk_rsa_private **rsa;
    struct lk_rsa_key *kernel; /* NULL: no kernel takes this key */
    struct lk_rsa_public public;
    uint8_t *public_bytes; /* n, then e */
    uint64_t *public_limbs;
    uint8_t d_hash[LK_SHA256_BYTES];
    struct lk_ec_key *ec; /* NULL: another kind, or a curve that no kernel takes */
    /* EdDSA: contexts that have their algorithms fetched, per worker: to sign, and to check that */
    EVP_MD_CTX **ed_ctx, **ed_check;
};

#endif
