#include "tests/support/test_keys.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "core/base/err.h"

/* A number as DER, by hand, so that a zero or a nonsense value is written like any other. */
static void put_number(struct lk_writer *w, const BIGNUM *x)
{
    uint8_t *der = NULL;
    ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(x, NULL);
    int len = i2d_ASN1_INTEGER(integer, &der);
    LK_ASSERT(len > 0);
    lk_writer_put(w, der, (size_t)len);
    OPENSSL_free(der);
    ASN1_INTEGER_free(integer);
}

struct lk_bytes lk_test_rsa_der(const struct lk_test_rsa *key)
{
    uint8_t *room = malloc(16384);
    LK_ASSERT(room != NULL);
    struct lk_writer w = {.base = room, .size = 16384};
    static const uint8_t head[] = {0x30, 0x82, 0, 0, 0x02, 0x01, 0x00};
    lk_writer_put(&w, head, sizeof head);
    for (int i = 0; i < RSA_NUMBERS; i++)
        put_number(&w, key->x[i]);
    LK_ASSERT(!w.bad && w.len > 260);
    room[2] = (uint8_t)((w.len - 4) >> 8);
    room[3] = (uint8_t)(w.len - 4);
    return (struct lk_bytes){.data = room, .len = w.len};
}

void lk_test_rsa_derive(struct lk_test_rsa *key)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *less = BN_new();
    BIGNUM **x = key->x;
    LK_ASSERT(BN_sub(less, x[RSA_P], BN_value_one()) && BN_mod(x[RSA_DP], x[RSA_D], less, ctx));
    LK_ASSERT(BN_sub(less, x[RSA_Q], BN_value_one()) && BN_mod(x[RSA_DQ], x[RSA_D], less, ctx));
    if (BN_mod_inverse(x[RSA_QINV], x[RSA_Q], x[RSA_P], ctx) == NULL) BN_zero(x[RSA_QINV]);
    BN_free(less);
    BN_CTX_free(ctx);
}

static void private_exponent(struct lk_test_rsa *key)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p1 = BN_dup(key->x[RSA_P]), *q1 = BN_dup(key->x[RSA_Q]);
    LK_ASSERT(BN_sub_word(p1, 1) && BN_sub_word(q1, 1) && BN_mul(p1, p1, q1, ctx));
    LK_ASSERT(BN_mod_inverse(key->x[RSA_D], key->x[RSA_E], p1, ctx) != NULL);
    BN_free(p1);
    BN_free(q1);
    BN_CTX_free(ctx);
}

void lk_test_rsa_init(struct lk_test_rsa *key, const char *e, const char *p, const char *q,
                      const char *d)
{
    BN_CTX *ctx = BN_CTX_new();
    for (int i = 0; i < RSA_NUMBERS; i++)
        key->x[i] = BN_new();
    LK_ASSERT(BN_hex2bn(&key->x[RSA_E], e) && BN_hex2bn(&key->x[RSA_P], p));
    LK_ASSERT(BN_hex2bn(&key->x[RSA_Q], q));
    LK_ASSERT(BN_mul(key->x[RSA_N], key->x[RSA_P], key->x[RSA_Q], ctx));
    BN_CTX_free(ctx);
    if (d == NULL)
        private_exponent(key);
    else
        LK_ASSERT(BN_hex2bn(&key->x[RSA_D], d));
    lk_test_rsa_derive(key);
}

void lk_test_rsa_of(struct lk_test_rsa *key, EVP_PKEY *pkey)
{
    static const char *const names[RSA_NUMBERS] = {
        OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    for (int i = 0; i < RSA_NUMBERS; i++) {
        key->x[i] = NULL;
        LK_ASSERT(EVP_PKEY_get_bn_param(pkey, names[i], &key->x[i]) == 1);
    }
}

void lk_test_rsa_fini(struct lk_test_rsa *key)
{
    for (int i = 0; i < RSA_NUMBERS; i++)
        BN_free(key->x[i]);
}

struct lk_bytes lk_test_pkcs8(EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    LK_ASSERT(p8 != NULL);
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    LK_ASSERT(len > 0);
    uint8_t *copy = malloc((size_t)len);
    LK_ASSERT(copy != NULL);
    memcpy(copy, der, (size_t)len);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(p8);
    return (struct lk_bytes){.data = copy, .len = (size_t)len};
}
