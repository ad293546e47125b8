/* asymcipher: RSA key exchange of TLS 1.2: a premaster out of a ciphertext. No other padding: what
 * TLS would not ask, a key server does not answer. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "tools/provider/remote.h"

struct decryption {
    const struct lk_prov *prov;
    struct lk_pkey *key;
    int padding;
    unsigned client_version;
};

static void *decryption_new(void *provctx)
{
    struct decryption *d = OPENSSL_zalloc(sizeof *d);
    if (d != NULL) d->prov = provctx;
    return d;
}

static void decryption_free(void *ctx)
{
    struct decryption *d = ctx;
    if (d == NULL) return;
    lk_pkey_free(d->key);
    OPENSSL_free(d);
}

static void *decryption_dup(void *ctx)
{
    const struct decryption *from = ctx;
    struct decryption *d = OPENSSL_memdup(from, sizeof *from);
    if (d != NULL && d->key != NULL) lk_pkey_up(d->key);
    return d;
}

static int set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
    struct decryption *d = ctx;
    if (params == NULL) return 1;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE);
    if (p != NULL && p->data_type == OSSL_PARAM_UTF8_STRING)
        d->padding = 0; /* TLS's has no name */
    else if (p != NULL && !OSSL_PARAM_get_int(p, &d->padding))
        return 0;
    p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION);
    return p == NULL || OSSL_PARAM_get_uint(p, &d->client_version);
}

static const OSSL_PARAM *settable_ctx_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL), OSSL_PARAM_END};
    (void)ctx, (void)provctx;
    return known;
}

static int decrypt_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    struct decryption *d = ctx;
    lk_pkey_up(key);
    lk_pkey_free(d->key);
    d->key = key;
    return set_ctx_params(d, params);
}

static int decrypt(void *ctx, unsigned char *out, size_t *len, size_t room,
                   const unsigned char *ciphertext, size_t ciphertext_len)
{
    struct decryption *d = ctx;
    if (d->key == NULL) return 0;
    if (d->padding != RSA_PKCS1_WITH_TLS_PADDING) {
        lk_prov_error(d->prov, LK_REASON_NOT_TLS, "decryption outside of TLS's RSA key exchange");
        return 0;
    }
    *len = LK_PREMASTER_BYTES;
    if (out == NULL) return 1;
    return room >= LK_PREMASTER_BYTES &&
           lk_remote_decrypt(d->key, (uint16_t)d->client_version,
                             lk_bytes_of(ciphertext, ciphertext_len), out);
}

static const OSSL_DISPATCH functions[] = {
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_NEWCTX, decryption_new),
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_FREECTX, decryption_free),
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_DUPCTX, decryption_dup),
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, decrypt_init),
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_DECRYPT, decrypt),
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, set_ctx_params),
    LK_ROW(OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, settable_ctx_params),
    LK_ROW_END};

const OSSL_ALGORITHM lk_asymcipher_algorithms[] = {{"RSA:rsaEncryption:1.2.840.113549.1.1.1",
                                                    "provider=lurk", functions,
                                                    "remote RSA key exchange"},
                                                   {NULL, NULL, NULL, NULL}};
