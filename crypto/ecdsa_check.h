/* ecdsa_check: signatures by one public key of P-256 or P-384, each checked at once in the lanes of
 * a CPU that has AVX-512 IFMA (crypto/ec/verify_kernel.h): for one who waits for it.
 *
 * Who gets LK_VERIFY_GOOD may take the signature, which libcrypto would too. Every other word is no
 * verdict: libcrypto has to be asked. A signature is refused by libcrypto's word alone, so that a
 * kernel that goes wrong refuses none.
 * Owner   the caller; some 5 kB a key of P-256, 12 kB of P-384.
 * Thread  any, several at once: it is only read. */
#ifndef LK_CRYPTO_ECDSA_CHECK_H
#define LK_CRYPTO_ECDSA_CHECK_H

#include <openssl/types.h>

#include "crypto/ec/verify_kernel.h"

struct lk_ecdsa_check;

/* features: lk_cpu_features. NULL: no kernel of such a CPU is for this key, memory is short, or the
 * key was not what it should be. Takes as long as one or two of libcrypto's own checks. */
struct lk_ecdsa_check *lk_ecdsa_check_new(uint32_t features, const EVP_PKEY *key);
void lk_ecdsa_check_free(struct lk_ecdsa_check *check);

/* NULL: the key is of another curve, or as above. */
struct lk_ecdsa_check *lk_ecdsa_check_by(const struct lk_verify_kernel *kernel,
                                         const EVP_PKEY *key);

struct lk_ecdsa_signed {
    const uint8_t *digest; /* of what was signed, any length */
    size_t digest_bytes;
    const uint8_t *signature; /* DER, to its last byte */
    size_t signature_bytes;
};
/* Undecided as well where the signature could not be read, for its form or for want of memory.
 * Time    varies: everything is public
 * Source  RFC 3279 2.2.3 */
enum lk_verify lk_ecdsa_check_verify(const struct lk_ecdsa_check *check,
                                     const struct lk_ecdsa_signed *what);

#endif
