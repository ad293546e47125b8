#include "bench/ec/key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "crypto/hash.h"

/* EC_KEY is marked deprecated: building a key from its number. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

const struct lk_bench_curve lk_bench_curves[LK_BENCH_CURVES] = {
    {"p256", NID_X9_62_prime256v1, 0, EVP_sha256, LK_ROW_P256, &lk_p256_x8_ifma,
     8 * 50 + 2 * 30 + 9 * 30},
    {"p384", NID_secp384r1, 1, EVP_sha384, LK_ROW_P384, &lk_p384_x8_ifma,
     8 * 128 + 2 * 72 + 9 * 64},
};

/* A digest as long as the order is below it but for one of 2^32. */
static EC_KEY *numbers(const struct lk_bench_curve *curve, unsigned number)
{
    uint8_t digest[LK_HASH_BYTES_MAX];
    lk_hash(curve->hash, &number, sizeof number, digest);
    EC_KEY *ec = EC_KEY_new_by_curve_name(curve->nid);
    BIGNUM *d = BN_bin2bn(digest, (int)lk_hash_bytes(curve->hash), NULL);
    LK_ASSERT(ec != NULL && d != NULL);
    EC_POINT *point = EC_POINT_new(EC_KEY_get0_group(ec));
    LK_ASSERT(point != NULL && EC_KEY_set_private_key(ec, d) == 1);
    LK_ASSERT(EC_POINT_mul(EC_KEY_get0_group(ec), point, d, NULL, NULL, NULL) == 1);
    LK_ASSERT(EC_KEY_set_public_key(ec, point) == 1);
    EC_POINT_free(point);
    BN_free(d);
    return ec;
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, const EVP_MD *md, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    LK_ASSERT(ctx != NULL && init(ctx) == 1);
    LK_ASSERT(EVP_PKEY_CTX_set_signature_md(ctx, md) == 1);
    return ctx;
}

static void make(struct lk_bench_ec_key *key, const struct lk_bench_curve *curve, unsigned number)
{
    enum lk_key_fault fault;
    uint8_t *der = NULL;
    EC_KEY *ec = numbers(curve, number);
    int len = i2d_ECPrivateKey(ec, &der);
    const uint8_t *at = der;
    LK_ASSERT(len > 0);
    key->engine = lk_engine_key_new(der, (size_t)len, NULL, 1, &fault);
    EVP_PKEY *library = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, len);
    LK_ASSERT(key->engine != NULL && library != NULL);
    key->sign = context(library, curve->md(), EVP_PKEY_sign_init);
    key->verify = context(library, curve->md(), EVP_PKEY_verify_init);
    EVP_PKEY_free(library); /* the contexts hold it */
    OPENSSL_free(der);
    EC_KEY_free(ec);
}

struct lk_bench_ec_key *lk_bench_ec_keys_new(const struct lk_bench_curve *curve, unsigned count)
{
    struct lk_bench_ec_key *keys = calloc(count, sizeof *keys);
    LK_ASSERT(keys != NULL);
    for (unsigned i = 0; i < count; i++)
        make(&keys[i], curve, i);
    return keys;
}

void lk_bench_ec_keys_free(struct lk_bench_ec_key *keys, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lk_engine_key_free(keys[i].engine);
        EVP_PKEY_CTX_free(keys[i].sign);
        EVP_PKEY_CTX_free(keys[i].verify);
    }
    free(keys);
}
