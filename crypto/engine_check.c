#include "crypto/engine_check.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto/rsa/rsa_check.h"

#pragma GCC diagnostic ignored                                                                     \
    "-Wdeprecated-declarations" /* reading the parts of an RSA or EC key */

#define MODULUS_BITS_MIN 2048
#define EXPONENT_BITS_MIN 17 /* above 2^16 */

struct rsa_numbers {
    const BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
};

static enum lk_key_fault check_shape(const RSA *rsa, const struct rsa_numbers *key)
{
    if (key->n == NULL || key->e == NULL) return LK_KEY_NOT_A_KEY;
    if (BN_is_negative(key->n) || BN_is_negative(key->e)) return LK_KEY_NOT_A_KEY;
    if (BN_num_bits(key->n) < MODULUS_BITS_MIN) return LK_KEY_TOO_SMALL;
    if (BN_num_bits(key->n) > 8 * LK_RSA_PUBLIC_BYTES_MAX) return LK_KEY_TOO_LARGE;
    if (RSA_get_multi_prime_extra_count(rsa) != 0) return LK_KEY_MULTI_PRIME;
    if (!BN_is_odd(key->e) || BN_num_bits(key->e) < EXPONENT_BITS_MIN) return LK_KEY_EXPONENT;
    if (BN_cmp(key->e, key->n) >= 0) return LK_KEY_EXPONENT;
    if (key->d == NULL || BN_is_zero(key->d)) return LK_KEY_NO_D;
    return LK_KEY_GOOD;
}

/* 0 < a < b, both there. */
static bool is_between(const BIGNUM *a, const BIGNUM *b)
{
    return a != NULL && b != NULL && !BN_is_negative(a) && !BN_is_zero(a) && BN_cmp(a, b) < 0;
}

/* d_part < prime, and e d_part = e d = 1 mod prime - 1. */
static bool exponent_fits(const struct rsa_numbers *key, const BIGNUM *d_part, const BIGNUM *prime,
                          BN_CTX *ctx)
{
    BN_CTX_start(ctx);
    BIGNUM *order = BN_CTX_get(ctx), *one = BN_CTX_get(ctx);
    bool good = one != NULL && is_between(d_part, prime) && BN_sub(order, prime, BN_value_one()) &&
                BN_mod_mul(one, key->e, d_part, order, ctx) && BN_is_one(one) &&
                BN_mod_mul(one, key->e, key->d, order, ctx) && BN_is_one(one);
    BN_CTX_end(ctx);
    return good;
}

static bool is_consistent(const struct rsa_numbers *key, BN_CTX *ctx)
{
    if (!is_between(key->p, key->n) || !is_between(key->q, key->n)) return false;
    if (!BN_is_odd(key->p) || !BN_is_odd(key->q) || BN_cmp(key->p, key->q) == 0) return false;
    if (!is_between(key->d, key->n) || !is_between(key->qinv, key->p)) return false;
    BN_CTX_start(ctx);
    BIGNUM *x = BN_CTX_get(ctx);
    bool good = x != NULL && BN_mul(x, key->p, key->q, ctx) && BN_cmp(x, key->n) == 0 &&
                BN_mod_mul(x, key->q, key->qinv, key->p, ctx) && BN_is_one(x);
    BN_CTX_end(ctx);
    return good && exponent_fits(key, key->dp, key->p, ctx) &&
           exponent_fits(key, key->dq, key->q, ctx);
}

enum lk_key_fault lk_rsa_check(const RSA *rsa)
{
    struct rsa_numbers key;
    RSA_get0_key(rsa, &key.n, &key.e, &key.d);
    RSA_get0_factors(rsa, &key.p, &key.q);
    RSA_get0_crt_params(rsa, &key.dp, &key.dq, &key.qinv);
    enum lk_key_fault fault = check_shape(rsa, &key);
    if (fault != LK_KEY_GOOD) return fault;
    BN_CTX *ctx = BN_CTX_secure_new();
    bool good = ctx != NULL && is_consistent(&key, ctx);
    BN_CTX_free(ctx);
    ERR_clear_error();
    return good ? LK_KEY_GOOD : LK_KEY_INCONSISTENT;
}

bool lk_rsa_primes_good(const RSA *rsa)
{
    const BIGNUM *p, *q;
    RSA_get0_factors(rsa, &p, &q);
    BN_CTX *ctx = BN_CTX_secure_new();
    bool good = ctx != NULL && BN_check_prime(p, ctx, NULL) == 1 &&
                BN_check_prime(q, ctx, NULL) == 1;
    BN_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

enum lk_key_fault lk_ec_check(const EC_KEY *ec)
{
    bool good = EC_KEY_get0_private_key(ec) != NULL && EC_KEY_check_key(ec) == 1;
    ERR_clear_error();
    return good ? LK_KEY_GOOD : LK_KEY_INCONSISTENT;
}
