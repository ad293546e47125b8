/* poo_curve: the five groups of the proof of ownership as one kind of curve, whatever form their
 * points have on the wire. x25519 and x448 are computed on their Weierstrass forms.
 * Owner one thread each: it holds scratch numbers. Allocates (libcrypto).
 * Source lurk-tls12.md 7. */
#ifndef LK_CRYPTO_POO_CURVE_H
#define LK_CRYPTO_POO_CURVE_H

#include <openssl/ec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_POO_CURVE_COUNT 5
#define LK_POO_POINT_BYTES_MAX 133
#define LK_POO_SCALAR_BYTES_MAX 66 /* P-521 */

struct lk_poo_curve {
    const struct lk_poo_curve_row *row;
    EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *p;     /* field */
    BIGNUM *shift; /* A/3: Weierstrass x = u + shift; NULL: a NIST curve */
};

/* row: 0 P-256, 1 P-384, 2 P-521, 3 x25519, 4 x448. library: libcrypto's context, from whose source
 * blinding is drawn; NULL: the default one. NULL: out of memory. */
struct lk_poo_curve *lk_poo_curve_new(unsigned row, OSSL_LIB_CTX *library);
void lk_poo_curve_free(struct lk_poo_curve *curve);

/* The row of a TLS group, or LK_POO_CURVE_COUNT. */
unsigned lk_poo_curve_find(uint16_t group);
size_t lk_poo_point_bytes(const struct lk_poo_curve *curve);
size_t lk_poo_scalar_bytes(const struct lk_poo_curve *curve);
/* Montgomery curves: points travel without their sign. */
bool lk_poo_curve_signless(const struct lk_poo_curve *curve);
/* Scalars of an ephemeral key: which bits TLS fixes in it (Montgomery), the others are below q. */
void lk_poo_scalar_clamp(const struct lk_poo_curve *curve, uint8_t *scalar);

/* A point from its bytes; of a signless curve either one of the two. False: none of the curve's. */
bool lk_poo_point_read(const struct lk_poo_curve *curve, const uint8_t *bytes, EC_POINT *out);
/* Bytes of a point; false for infinity. */
bool lk_poo_point_write(const struct lk_poo_curve *curve, const EC_POINT *point, uint8_t *bytes);
/* Is this the point that the bytes name? Signless: or its negative. */
bool lk_poo_point_is(const struct lk_poo_curve *curve, const EC_POINT *point, const uint8_t *bytes);

#endif
