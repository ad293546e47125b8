/* store: `lurk:PATH` where a program takes a URI. PATH is a key file, or a certificate: then the
 * key is that of the certificate, with the provider's settings. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include "core/keys/certificate.h"
#include "tools/provider/key.h"

#define SCHEME "lurk:"

struct loader {
    const struct lk_prov *prov;
    struct lk_pkey *key; /* to be loaded; NULL: done */
};

static struct lk_pkey *from_certificate(const struct lk_prov *prov, BIO *in)
{
    unsigned char *der = NULL;
    long len = 0;
    struct lk_bytes spki;
    struct lk_pkey *key = NULL;
    ERR_set_mark();
    bool found = PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509, in, NULL, NULL) == 1;
    ERR_pop_to_mark();
    if (found && lk_certificate_spki(lk_bytes_of(der, (size_t)len), &spki))
        key = lk_pkey_from_spki(prov, spki);
    OPENSSL_free(der);
    return key;
}

static struct lk_pkey *from_path(const struct lk_prov *prov, const char *path)
{
    ERR_set_mark();
    BIO *in = BIO_new_file(path, "r");
    int error = errno;
    ERR_pop_to_mark();
    if (in == NULL) {
        lk_prov_error(prov, LK_REASON_KEY_FILE, "%s: %s", path, strerror(error));
        return NULL;
    }
    uint8_t *der = NULL;
    size_t len = 0;
    struct lk_pkey *key = NULL;
    while (der == NULL && lk_keyfile_pem_read(in, &der, &len)) {
    }
    if (der != NULL)
        key = lk_pkey_from_file(prov, lk_bytes_of(der, len));
    else if (BIO_seek(in, 0) == 0 && (key = from_certificate(prov, in)) == NULL)
        lk_prov_error(prov, LK_REASON_KEY_FILE, "%s: neither a key file nor a certificate", path);
    OPENSSL_free(der);
    BIO_free(in);
    return key;
}

static void *store_open(void *provctx, const char *uri)
{
    if (strncasecmp(uri, SCHEME, strlen(SCHEME)) != 0) return NULL;
    struct lk_pkey *key = from_path(provctx, uri + strlen(SCHEME));
    struct loader *loader = key != NULL ? OPENSSL_zalloc(sizeof *loader) : NULL;
    if (loader == NULL) {
        lk_pkey_free(key);
        return NULL;
    }
    loader->prov = provctx;
    loader->key = key;
    return loader;
}

static const OSSL_PARAM *settable_ctx_params(void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, NULL),
                                       OSSL_PARAM_END};
    (void)provctx;
    return known;
}

static int set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
    (void)ctx, (void)params; /* there is one object, and the caller sees what it is */
    return 1;
}

static int store_load(void *ctx, OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *ask,
                      void *ask_arg)
{
    struct loader *loader = ctx;
    (void)ask, (void)ask_arg;
    if (loader->key == NULL) return 0;
    struct lk_pkey *key = loader->key;
    loader->key = NULL;
    return lk_pkey_hand_on(key, callback, arg);
}

static int store_eof(void *ctx)
{
    return ((struct loader *)ctx)->key == NULL;
}

static int store_close(void *ctx)
{
    struct loader *loader = ctx;
    lk_pkey_free(loader->key);
    OPENSSL_free(loader);
    return 1;
}

static const OSSL_DISPATCH functions[] = {
    LK_ROW(OSSL_FUNC_STORE_OPEN, store_open),
    LK_ROW(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, settable_ctx_params),
    LK_ROW(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_ctx_params),
    LK_ROW(OSSL_FUNC_STORE_LOAD, store_load),
    LK_ROW(OSSL_FUNC_STORE_EOF, store_eof),
    LK_ROW(OSSL_FUNC_STORE_CLOSE, store_close),
    LK_ROW_END};

const OSSL_ALGORITHM lk_store_algorithms[] = {
    {"lurk", "provider=lurk", functions, "lurk:PATH of a key file or a certificate"},
    {NULL, NULL, NULL, NULL}};
