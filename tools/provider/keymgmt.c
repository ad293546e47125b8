/* keymgmt: keys as OpenSSL handles them. Parameters, comparison and export are those of the public
 * half, which libcrypto's own provider keeps for us.
 *
 * export refuses whenever the private key is asked for as well: were the public half handed out
 * instead, OpenSSL would believe that another provider can sign with it. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "tools/provider/key.h"

#define PUBLIC_PARTS (OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_ALL_PARAMETERS)

#define NEW_OF(suffix, kind)                                                                       \
    static void *new_##suffix(void *provctx)                                                       \
    {                                                                                              \
        return lk_pkey_new(provctx, kind);                                                         \
    }
NEW_OF(rsa, LK_PKEY_RSA)
NEW_OF(rsa_pss, LK_PKEY_RSA_PSS)
NEW_OF(ec, LK_PKEY_EC)
NEW_OF(ed25519, LK_PKEY_ED25519)
NEW_OF(ed448, LK_PKEY_ED448)

/* A decoder or the store hands on where its key is, and with it its reference. */
static void *load(const void *reference, size_t size)
{
    struct lk_pkey **place = (struct lk_pkey **)(uintptr_t)reference;
    if (size != sizeof *place) return NULL;
    struct lk_pkey *key = *place;
    *place = NULL;
    return key;
}

static void key_free(void *key)
{
    lk_pkey_free(key);
}

static int has(const void *keydata, int selection)
{
    const struct lk_pkey *key = keydata;
    if (key == NULL) return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->remote) return 0;
    return (selection & PUBLIC_PARTS) == 0 || key->public_half != NULL;
}

static int match(const void *keydata1, const void *keydata2, int selection)
{
    const struct lk_pkey *a = keydata1, *b = keydata2;
    if (a->public_half == NULL || b->public_half == NULL) return 0;
    ERR_set_mark();
    int same = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0
                   ? EVP_PKEY_eq(a->public_half, b->public_half)
                   : EVP_PKEY_parameters_eq(a->public_half, b->public_half);
    ERR_pop_to_mark();
    return same == 1;
}

static int get_params(void *keydata, OSSL_PARAM params[])
{
    const struct lk_pkey *key = keydata;
    return key->public_half != NULL && EVP_PKEY_get_params(key->public_half, params);
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END};
    (void)provctx;
    return known;
}

/* --- public halves in and out -------------------------------------------------------------- */

static int import(void *keydata, int selection, const OSSL_PARAM params[])
{
    struct lk_pkey *key = keydata;
    if (key == NULL || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(key->prov->libctx, lk_pkey_name(key->kind),
                                                   NULL);
    EVP_PKEY *pkey = NULL;
    int what = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? EVP_PKEY_PUBLIC_KEY
                                                                 : EVP_PKEY_KEY_PARAMETERS;
    ERR_set_mark();
    bool good = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                EVP_PKEY_fromdata(ctx, &pkey, what, (OSSL_PARAM *)(uintptr_t)params) == 1;
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(ctx);
    if (!good) return 0;
    EVP_PKEY_free(key->public_half);
    key->public_half = pkey;
    return 1;
}

static int export(void *keydata, int selection, OSSL_CALLBACK *callback, void *arg)
{
    const struct lk_pkey *key = keydata;
    OSSL_PARAM *params = NULL;
    if (key->public_half == NULL) return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
    int what = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 ? EVP_PKEY_PUBLIC_KEY
                                                                 : EVP_PKEY_KEY_PARAMETERS;
    if (EVP_PKEY_todata(key->public_half, what, &params) != 1) return 0;
    int done = callback(params, arg);
    OSSL_PARAM_free(params);
    return done;
}

static const OSSL_PARAM *rsa_types(int selection)
{
    static const OSSL_PARAM types[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
                                       OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
                                       OSSL_PARAM_END};
    return (selection & PUBLIC_PARTS) != 0 ? types : NULL;
}

static const OSSL_PARAM *point_types(int selection)
{
    static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    return (selection & PUBLIC_PARTS) != 0 ? types : NULL;
}

static const char *ec_operation(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

static const char *rsa_operation(int operation)
{
    return operation == OSSL_OP_SIGNATURE || operation == OSSL_OP_ASYM_CIPHER ? "RSA" : NULL;
}

#define KEYMGMT(suffix, types, ...)                                                                \
    static const OSSL_DISPATCH suffix##_functions[] = {                                            \
        LK_ROW(OSSL_FUNC_KEYMGMT_NEW, new_##suffix),                                               \
        LK_ROW(OSSL_FUNC_KEYMGMT_FREE, key_free),                                                  \
        LK_ROW(OSSL_FUNC_KEYMGMT_LOAD, load),                                                      \
        LK_ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),                                          \
        LK_ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),                                \
        LK_ROW(OSSL_FUNC_KEYMGMT_HAS, has),                                                        \
        LK_ROW(OSSL_FUNC_KEYMGMT_MATCH, match),                                                    \
        LK_ROW(OSSL_FUNC_KEYMGMT_IMPORT, import),                                                  \
        LK_ROW(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, types),                                             \
        LK_ROW(OSSL_FUNC_KEYMGMT_EXPORT, export),                                                  \
        LK_ROW(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, types),                                             \
        __VA_ARGS__ LK_ROW_END}
#define NAMED(function) LK_ROW(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, function),

KEYMGMT(rsa, rsa_types, NAMED(rsa_operation));
KEYMGMT(rsa_pss, rsa_types, NAMED(rsa_operation));
KEYMGMT(ec, point_types, NAMED(ec_operation));
KEYMGMT(ed25519, point_types, );
KEYMGMT(ed448, point_types, );

#define PROPERTIES "provider=lurk"
const OSSL_ALGORITHM lk_keymgmt_algorithms[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, rsa_functions, "remote RSA keys"},
    {"RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", PROPERTIES, rsa_pss_functions,
     "remote RSA-PSS keys"},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROPERTIES, ec_functions, "remote ECDSA keys"},
    {"ED25519:1.3.101.112", PROPERTIES, ed25519_functions, "remote Ed25519 keys"},
    {"ED448:1.3.101.113", PROPERTIES, ed448_functions, "remote Ed448 keys"},
    {NULL, NULL, NULL, NULL}};
