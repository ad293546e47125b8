#include "crypto/poo_prove.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/ct.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_scalar.h"
#include "crypto/rng.h"

enum { X25519 = 29, X448 = 30 }; /* TLS groups */

struct lk_poo_prover {
    struct lk_poo_curve *curve;
    struct lk_rng rng;
    OSSL_LIB_CTX *library;
    const char *montgomery;             /* libcrypto's name of x25519, x448; NULL: others */
    uint8_t q[LK_POO_SCALAR_BYTES_MAX]; /* order, in the scalar's width */
};

static bool order_write(struct lk_poo_prover *prover)
{
    int width = (int)lk_poo_scalar_bytes(prover->curve);
    return BN_bn2binpad(EC_GROUP_get0_order(prover->curve->group), prover->q, width) == width;
}

struct lk_poo_prover *lk_poo_prover_new(uint16_t group, OSSL_LIB_CTX *library)
{
    unsigned row = lk_poo_curve_find(group);
    struct lk_poo_prover *prover = row < LK_POO_CURVE_COUNT ? calloc(1, sizeof *prover) : NULL;
    if (prover == NULL) return NULL;
    lk_rng_init(&prover->rng);
    prover->library = library;
    if (group == X25519) prover->montgomery = "X25519";
    if (group == X448) prover->montgomery = "X448";
    prover->curve = lk_poo_curve_new(row, library);
    if (prover->curve != NULL && order_write(prover)) return prover;
    lk_poo_prover_free(prover);
    return NULL;
}

void lk_poo_prover_free(struct lk_poo_prover *prover)
{
    if (prover == NULL) return;
    lk_poo_curve_free(prover->curve);
    LK_WIPE(*prover);
    free(prover);
}

size_t lk_poo_prover_point_bytes(const struct lk_poo_prover *prover)
{
    return lk_poo_point_bytes(prover->curve);
}

size_t lk_poo_prover_scalar_bytes(const struct lk_poo_prover *prover)
{
    return lk_poo_scalar_bytes(prover->curve);
}

/* A secret number from bytes, reduced mod q. */
static BIGNUM *take(const struct lk_poo_curve *curve, const uint8_t *bytes, size_t len)
{
    BIGNUM *x = BN_secure_new();
    if (x == NULL) return NULL;
    BN_set_flags(x, BN_FLG_CONSTTIME);
    const BIGNUM *q = EC_GROUP_get0_order(curve->group);
    if (BN_bin2bn(bytes, (int)len, x) != NULL && BN_nnmod(x, x, q, curve->ctx)) return x;
    BN_clear_free(x);
    return NULL;
}

bool lk_poo_multiply(struct lk_poo_prover *prover, const uint8_t *scalar, uint8_t *point)
{
    const struct lk_poo_curve *curve = prover->curve;
    BIGNUM *x = take(curve, scalar, lk_poo_scalar_bytes(curve));
    EC_POINT *product = EC_POINT_new(curve->group);
    bool good = x != NULL && product != NULL &&
                EC_POINT_mul(curve->group, product, x, NULL, NULL, curve->ctx) == 1 &&
                lk_poo_point_write(curve, product, point);
    BN_clear_free(x);
    EC_POINT_clear_free(product);
    if (!good) ERR_clear_error();
    return good;
}

/* Bits of the top byte that no number below q has: 0 to 7. */
static unsigned excess_bits(const struct lk_poo_curve *curve)
{
    return (unsigned)(8 * lk_poo_scalar_bytes(curve)) - (unsigned)EC_GROUP_order_bits(curve->group);
}

bool lk_poo_key_take(const struct lk_poo_prover *prover, const uint8_t *key, uint8_t *scalar)
{
    const struct lk_poo_curve *curve = prover->curve;
    size_t len = lk_poo_scalar_bytes(curve);
    bool reversed = lk_poo_curve_signless(curve);
    for (size_t i = 0; i < len; i++)
        scalar[i] = key[reversed ? len - 1 - i : i];
    lk_poo_scalar_clamp(curve, scalar);
    if (reversed) return true; /* a clamped key is never 0 modulo q */
    scalar[0] &= (uint8_t)(0xffu >> excess_bits(curve));
    return lk_poo_scalar_in_range(scalar, prover->q, len) != 0;
}

static bool montgomery_public(const struct lk_poo_prover *prover, const uint8_t *key,
                              uint8_t *point)
{
    size_t len = lk_poo_point_bytes(prover->curve);
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(prover->library, prover->montgomery, NULL, key,
                                                     lk_poo_scalar_bytes(prover->curve));
    bool good = pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, point, &len) == 1 &&
                len == lk_poo_point_bytes(prover->curve);
    EVP_PKEY_free(pkey);
    if (!good) ERR_clear_error();
    return good;
}

bool lk_poo_key_public(struct lk_poo_prover *prover, const uint8_t *key, uint8_t *point)
{
    if (prover->montgomery != NULL) return montgomery_public(prover, key, point);
    uint8_t scalar[LK_POO_SCALAR_BYTES_MAX];
    bool good = lk_poo_key_take(prover, key, scalar) && lk_poo_multiply(prover, scalar, point);
    LK_WIPE(scalar);
    return good;
}

/* v is a clamped key k or its negative: points have no sign here. k = h j with the cofactor h and j
 * evenly in [w, 2 w), where 2 w is q but for 2^125 of 2^252 (x448: 2^223 of 2^446): j and q - j
 * together are all residues but a part of 2^-127, so v is as good as even in 1..q-1. */
static bool montgomery_commit(struct lk_poo_prover *prover, uint8_t *v, uint8_t *point)
{
    size_t len = lk_poo_scalar_bytes(prover->curve);
    uint8_t key[LK_POO_SCALAR_BYTES_MAX], sign;
    bool good = lk_rng_bytes(&prover->rng, key, len) && lk_rng_bytes(&prover->rng, &sign, 1) &&
                montgomery_public(prover, key, point) && lk_poo_key_take(prover, key, v);
    if (good) lk_poo_scalar_fold(prover->q, len, v, 0u - (sign & 1u), v);
    LK_WIPE(key);
    LK_WIPE(sign);
    return good;
}

bool lk_poo_commit(struct lk_poo_prover *prover, uint8_t *v, uint8_t *point)
{
    const struct lk_poo_curve *curve = prover->curve;
    size_t len = lk_poo_scalar_bytes(curve);
    if (prover->montgomery != NULL) return montgomery_commit(prover, v, point);
    do { /* what is thrown away tells nothing about what is kept */
        if (!lk_rng_bytes(&prover->rng, v, len)) return false;
        v[0] &= (uint8_t)(0xffu >> excess_bits(curve));
    } while (lk_poo_scalar_in_range(v, prover->q, len) == 0);
    return lk_poo_multiply(prover, v, point);
}

bool lk_poo_key_make(struct lk_poo_prover *prover, uint8_t *b, uint8_t *point)
{
    if (!lk_poo_curve_signless(prover->curve)) return lk_poo_commit(prover, b, point);
    if (!lk_rng_bytes(&prover->rng, b, lk_poo_scalar_bytes(prover->curve))) return false;
    lk_poo_scalar_clamp(prover->curve, b);
    return lk_poo_multiply(prover, b, point);
}

void lk_poo_answer(const struct lk_poo_prover *prover, const uint8_t *b, const uint8_t *v,
                   const uint8_t *c, size_t c_bytes, uint8_t *r)
{
    lk_poo_scalar_response(prover->q, lk_poo_scalar_bytes(prover->curve), b, v, c, c_bytes, r);
}
