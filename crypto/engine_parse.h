/* engine_parse: the forms a private key file comes in, down to the parts of one key.
 * PEM or DER; PKCS#8 plain or encrypted, PKCS#1, SEC 1, PKCS#12. Judges the form, not the key.
 * Thread the control thread, at load. Allocates (libcrypto). */
#ifndef LK_CRYPTO_ENGINE_PARSE_H
#define LK_CRYPTO_ENGINE_PARSE_H

#include <openssl/types.h>

#include "crypto/crypto.h"

/* One of rsa, ec, ed is set, as kind says. */
struct lk_key_parts {
    enum lk_key_kind kind;
    RSA *rsa;
    EC_KEY *ec;
    EVP_PKEY *ed;
    X509_ALGOR *algorithm; /* RSA-PSS: as the file has it, parameters and all; else NULL */
};

/* passphrase may be NULL. On failure parts holds nothing. */
enum lk_key_fault lk_key_parse(const void *text, size_t len, const char *passphrase,
                               struct lk_key_parts *parts);
/* The hashes that id-RSASSA-PSS with these parameters may sign with as TLS does (RFC 8446 4.2.3:
 * the same hash for MGF1, a salt as long), a bit each; all of them where it has no parameters. */
uint32_t lk_pss_hashes(const X509_ALGOR *algorithm);
void lk_key_parts_free(struct lk_key_parts *parts);

#endif
