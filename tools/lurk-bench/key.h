/* key: the public halves of the keys that the server holds, read from PEM or DER files: public keys
 * or certificates. A folder gives each of its .pub, .crt and .pem files; a key found twice is taken
 * once, with its certificate if either file had one. Owner main; read only once threads run. */
#ifndef LK_TOOLS_BENCH_KEY_H
#define LK_TOOLS_BENCH_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/wire/tls12.h"

struct lk_bench_key {
    char *file;
    EVP_PKEY *pkey;
    uint8_t
        id[1 + LK_KEY_ID_BYTES]; /* type, then the first bytes of SHA-256 of SubjectPublicKeyInfo */
    bool rsa;                    /* rsaEncryption: may be asked to decrypt */
    uint32_t bytes;              /* modulus, or longest signature */
    uint16_t scheme;             /* the usual SignatureScheme of this kind of key */
    uint8_t *certificate;        /* DER, or NULL */
    uint32_t certificate_bytes;
};

struct lk_bench_keys {
    struct lk_bench_key *key;
    uint32_t count;
};

/* Adds the keys of `paths`, files and folders with commas between. On failure `error` says which
 * file and what is wrong with it.
 * Errors  LK_ERR_FORMAT no public key in a file, or of a kind LURK can not use · -errno a path that
 *         can not be read · LK_ERR_UNKNOWN a folder without any key */
LK_MUST_USE lk_err lk_bench_keys_add(struct lk_bench_keys *keys, const char *paths, char *error,
                                     uint32_t error_bytes);
void lk_bench_keys_free(struct lk_bench_keys *keys);

/* Whether a SignatureScheme can be made by this key. */
bool lk_bench_key_scheme_fits(const struct lk_bench_key *key, uint16_t scheme);
/* Checks a signature over `tbs` with the public key. */
bool lk_bench_key_check(const struct lk_bench_key *key, uint16_t scheme, struct lk_bytes tbs,
                        struct lk_bytes signature);

#endif
