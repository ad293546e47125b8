#include "crypto/poo_prove.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/ct.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_scalar.h"
#include "crypto/rng.h"

struct lk_poo_prover {
    struct lk_poo_curve *curve;
    struct lk_rng rng;
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

bool lk_poo_commit(struct lk_poo_prover *prover, uint8_t *v, uint8_t *point)
{
    const struct lk_poo_curve *curve = prover->curve;
    size_t len = lk_poo_scalar_bytes(curve);
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
