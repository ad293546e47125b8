/* test_keys: private keys from bare numbers, right or wrong, as the files a server would be given.
 * Thread one. Failures of libcrypto stop the test program. */
#ifndef LK_TESTS_SUPPORT_TEST_KEYS_H
#define LK_TESTS_SUPPORT_TEST_KEYS_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "core/base/bytes.h"

enum lk_test_rsa_number { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QINV, RSA_NUMBERS };

struct lk_test_rsa {
    BIGNUM *x[RSA_NUMBERS];
};

/* From hex; the rest follows from e, p, q, and d too when it is NULL. */
void lk_test_rsa_init(struct lk_test_rsa *key, const char *e, const char *p, const char *q,
                      const char *d);
/* The numbers of a key that OpenSSL holds. */
void lk_test_rsa_of(struct lk_test_rsa *key, EVP_PKEY *pkey);
void lk_test_rsa_fini(struct lk_test_rsa *key);
/* dp, dq, qinv again from d, p, q. */
void lk_test_rsa_derive(struct lk_test_rsa *key);
/* PKCS#1 DER of the numbers as they are. To be freed by free(). */
struct lk_bytes lk_test_rsa_der(const struct lk_test_rsa *key);

/* PKCS#8 DER of a key. To be freed by free(). */
struct lk_bytes lk_test_pkcs8(EVP_PKEY *pkey);

#endif
