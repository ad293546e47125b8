/* ec_signed: ECDSA signatures over P-256 and P-384 with their public keys: drawn ones, and ones that
 * are made for a test from the numbers they are to lead to; libcrypto's word on each.
 * Owner the caller, which zeroes one before its first use and ends it. Thread one. Failures of
 * libcrypto stop the program. */
#ifndef LK_TESTS_SUPPORT_EC_SIGNED_H
#define LK_TESTS_SUPPORT_EC_SIGNED_H

#include <openssl/evp.h>

#include "crypto/ecdsa_check.h"
#include "tests/support/ec_subject.h"

#define LK_EC_DER_BYTES_MAX 160

struct lk_ec_signed {
    const struct lk_ec_curve *curve;
    EVP_PKEY *key; /* public */
    uint8_t xy[2 * LK_EC_BYTES_MAX];
    uint8_t digest[64];
    size_t digest_bytes;
    uint8_t r[LK_EC_BYTES_MAX], s[LK_EC_BYTES_MAX];
};

/* A digest and a signature of it, by a key that is drawn; digests of 20 to 64 bytes. */
void lk_ec_signed_draw(struct lk_ec_signed *one, const struct lk_ec_curve *curve);
/* The same of this digest. */
void lk_ec_signed_over(struct lk_ec_signed *one, const struct lk_ec_curve *curve,
                       const uint8_t *digest, size_t len);
void lk_ec_signed_end(struct lk_ec_signed *one);

/* A right one with this x for R, if there is a point of that x, and this s; key and digest follow.
 * x[bytes], r is x modulo n. s[bytes]: below n, not zero. */
bool lk_ec_signed_of(struct lk_ec_signed *one, const struct lk_ec_curve *curve, const uint8_t *x,
                     const uint8_t *s);
/* A wrong one, whose u1 G + u2 Q is the sum of two parts that are the same point, or opposite ones:
 * those of the bits of u1 and u2 with even numbers, and of the others (ec_verify.inc.c). */
void lk_ec_signed_equal_parts(struct lk_ec_signed *one, const struct lk_ec_curve *curve,
                              bool opposite);

/* der := ECDSA-Sig-Value of r, s; returns its length. */
size_t lk_ec_signed_der(const struct lk_ec_signed *one, uint8_t der[LK_EC_DER_BYTES_MAX]);
/* libcrypto's word on these bytes. */
bool lk_ec_signed_good(const struct lk_ec_signed *one, const uint8_t *der, size_t len);

/* Of a curve the portable model, then IFMA where the CPU runs it; returns how many. */
#define LK_VERIFY_WAYS_MAX 2
unsigned lk_verify_ways(const struct lk_ec_curve *curve, const struct lk_verify_kernel **ways);

#endif
