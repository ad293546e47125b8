/* rsa_subject: an RSA key in every form that is tested, and libcrypto's numbers to judge by.
 * Owner the caller. Thread one: the numbers have one context. Failures of libcrypto stop the
 * program. */
#ifndef LK_TESTS_SUPPORT_RSA_SUBJECT_H
#define LK_TESTS_SUPPORT_RSA_SUBJECT_H

#include <stdbool.h>

#include "crypto/crypto.h"
#include "crypto/rsa/rsa_key.h"
#include "tests/support/test_keys.h"

#define LK_SUBJECT_BYTES_MAX 1024

struct lk_subject {
    struct lk_test_rsa numbers;
    struct lk_rsa_key *kernel;    /* NULL: no kernel takes it */
    struct lk_engine_key *engine; /* NULL: refused, as one of a small modulus or exponent is */
    size_t k;                     /* bytes of the modulus */
    BN_CTX *ctx;
    BN_MONT_CTX *mont;
    BIGNUM *x, *y; /* scratch */
};

/* The rest, from numbers; numbers are taken over. */
void lk_subject_init(struct lk_subject *subject);
void lk_subject_fini(struct lk_subject *subject);

/* m < n and m^e = c mod n. Where n is a product of two primes and e has an inverse, as in every key
 * here, x -> x^e is a permutation of the numbers below n: exactly one m passes for each c, and
 * the public operation judges the private one without a doubt left. */
bool lk_subject_is_root(struct lk_subject *subject, const uint8_t *m, const uint8_t *c);
/* c := m^e mod n. c may be m. */
void lk_subject_raise(struct lk_subject *subject, const uint8_t *m, uint8_t *c);
/* m := c^d mod n by libcrypto, without CRT; 0 where c is not below n, as the rows have it. */
void lk_subject_root(struct lk_subject *subject, const uint8_t *c, uint8_t *m);
bool lk_subject_is_below(const struct lk_subject *subject, const uint8_t *c);

#endif
