/* signature: the signing that libssl asks for, one message at once, that of certificate requests,
 * which may come in pieces, and verification by the public
 * half, so that a key is good for all its public half is good for. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "core/base/limits.h"
#include "tools/provider/algorithm.h"
#include "tools/provider/question.h"
#include "tools/provider/remote.h"

struct signing {
    const struct lk_prov *prov;
    struct lk_pkey *key;
    unsigned digest; /* enum lk_hash or LK_DIGEST_NONE */
    enum lk_padding padding;
    bool salt_bad; /* PSS with a salt that TLS does not have */
    uint8_t *text; /* what came in pieces so far */
    size_t text_len;
    EVP_MD_CTX *verify; /* while it verifies */
};

static void *signing_new(void *provctx, const char *properties)
{
    struct signing *s = OPENSSL_zalloc(sizeof *s);
    (void)properties;
    if (s != NULL) s->prov = provctx;
    return s;
}

static void signing_free(void *ctx)
{
    struct signing *s = ctx;
    if (s == NULL) return;
    lk_pkey_free(s->key);
    EVP_MD_CTX_free(s->verify);
    OPENSSL_free(s->text);
    OPENSSL_free(s);
}

static void *signing_dup(void *ctx)
{
    const struct signing *from = ctx;
    struct signing *s = OPENSSL_memdup(from, sizeof *from);
    if (s == NULL) return NULL;
    if (s->key != NULL) lk_pkey_up(s->key);
    s->verify = from->verify != NULL ? EVP_MD_CTX_new() : NULL;
    s->text = from->text_len > 0 ? OPENSSL_memdup(from->text, from->text_len) : NULL;
    bool good = (s->text != NULL) == (from->text_len > 0) &&
                (from->verify == NULL ||
                 (s->verify != NULL && EVP_MD_CTX_copy_ex(s->verify, from->verify)));
    if (good) return s;
    signing_free(s);
    return NULL;
}

static void key_take(struct signing *s, struct lk_pkey *key)
{
    if (key == NULL) return; /* a second init may leave it out */
    lk_pkey_up(key);
    lk_pkey_free(s->key);
    s->key = key;
    s->padding = key->kind == LK_PKEY_RSA_PSS ? LK_PADDING_PSS : LK_PADDING_PKCS1;
    s->salt_bad = false;
}

static bool pad_mode_take(struct signing *s, const OSSL_PARAM *p)
{
    int mode = 0;
    if (p->data_type == OSSL_PARAM_UTF8_STRING)
        mode = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0       ? RSA_PKCS1_PSS_PADDING
               : strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 ? RSA_PKCS1_PADDING
                                                                      : 0;
    else if (!OSSL_PARAM_get_int(p, &mode))
        return false;
    if (mode != RSA_PKCS1_PADDING && mode != RSA_PKCS1_PSS_PADDING) {
        lk_prov_error(s->prov, LK_REASON_ALGORITHM, "padding %d: TLS has PKCS#1 and PSS", mode);
        return false;
    }
    s->padding = mode == RSA_PKCS1_PSS_PADDING ? LK_PADDING_PSS : LK_PADDING_PKCS1;
    return true;
}

/* TLS has one salt length, that of the digest. Another is remembered and refused when something is
 * to be signed with it. */
static bool salt_take(struct signing *s, const OSSL_PARAM *p)
{
    int len = 0;
    bool digest = p->data_type == OSSL_PARAM_UTF8_STRING
                      ? strcmp(p->data, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0
                      : OSSL_PARAM_get_int(p, &len) && len == RSA_PSS_SALTLEN_DIGEST;
    if (p->data_type == OSSL_PARAM_UTF8_STRING) len = atoi(p->data);
    bool same = s->digest <= 2 && len > 0 && (size_t)len == lk_hash_bytes(s->digest);
    s->salt_bad = !digest && !same;
    return true;
}

static int set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
    struct signing *s = ctx;
    if (params == NULL) return 1;
    if (s->verify != NULL) {
        EVP_PKEY_CTX *pctx = EVP_MD_CTX_get_pkey_ctx(s->verify);
        return pctx != NULL && EVP_PKEY_CTX_set_params(pctx, params) == 1;
    }
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p != NULL && !pad_mode_take(s, p)) return 0;
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    return p == NULL || salt_take(s, p);
}

static bool is_a_scheme(const struct signing *s, uint16_t *scheme)
{
    *scheme = s->key != NULL ? lk_scheme_of(s->key->kind, s->digest, s->padding) : 0;
    if (*scheme != 0 && !(s->salt_bad && s->padding == LK_PADDING_PSS)) return true;
    lk_prov_error(
        s->prov, LK_REASON_ALGORITHM,
        "this digest, padding and salt are no signature scheme of TLS (RSA-PSS: a salt as "
        "long as the digest, rsa_pss_saltlen:digest)");
    return false;
}

/* Only what is signed as X.509 asks for the algorithm as DER. */
static int get_ctx_params(void *ctx, OSSL_PARAM params[])
{
    const struct signing *s = ctx;
    uint8_t der[LK_ALGORITHM_BYTES];
    size_t len;
    uint16_t scheme;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (p == NULL) return 1;
    return is_a_scheme(s, &scheme) && lk_algorithm_of(scheme, der, &len) &&
           OSSL_PARAM_set_octet_string(p, der, len);
}

static const OSSL_PARAM *gettable_ctx_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0), OSSL_PARAM_END};
    (void)ctx, (void)provctx;
    return known;
}

static const OSSL_PARAM *settable_ctx_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END};
    (void)ctx, (void)provctx;
    return known;
}

/* --- signing ------------------------------------------------------------------------------- */

static int sign_init(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct signing *s = ctx;
    EVP_MD_CTX_free(s->verify);
    s->verify = NULL;
    OPENSSL_free(s->text);
    s->text = NULL;
    s->text_len = 0;
    key_take(s, key);
    if (s->key == NULL) return 0;
    if (!lk_digest_find(digest, &s->digest) ||
        (lk_scheme_of(s->key->kind, s->digest, LK_PADDING_PKCS1) == 0 &&
         lk_scheme_of(s->key->kind, s->digest, LK_PADDING_PSS) == 0)) {
        lk_prov_error(s->prov, LK_REASON_ALGORITHM, "%s with %s: no signature scheme of TLS",
                      lk_pkey_name(s->key->kind), digest != NULL ? digest : "no digest");
        return 0;
    }
    return set_ctx_params(s, params);
}

static int sign(void *ctx, unsigned char *signature, size_t *len, size_t room,
                const unsigned char *message, size_t message_len)
{
    struct signing *s = ctx;
    if (s->key == NULL || s->key->public_half == NULL) return 0;
    size_t most = (size_t)EVP_PKEY_get_size(s->key->public_half);
    if (signature == NULL) {
        *len = most;
        return 1;
    }
    uint16_t scheme;
    return is_a_scheme(s, &scheme) &&
           lk_remote_sign(s->key, scheme, lk_bytes_of(message, message_len), signature, room, len);
}

/* In pieces: all of it is kept, since what it is can be told from the whole alone. */
static int sign_update(void *ctx, const unsigned char *data, size_t len)
{
    struct signing *s = ctx;
    if (s->key == NULL || len > LK_MESSAGE_BYTES_MAX - s->text_len) {
        lk_prov_error(s->prov, LK_REASON_NOT_TLS, "more than %d bytes to be signed",
                      LK_MESSAGE_BYTES_MAX);
        return 0;
    }
    if (len == 0) return 1;
    uint8_t *more = OPENSSL_realloc(s->text, s->text_len + len);
    if (more == NULL) return 0;
    memcpy(more + s->text_len, data, len);
    s->text = more;
    s->text_len += len;
    return 1;
}

static int sign_final(void *ctx, unsigned char *signature, size_t *len, size_t room)
{
    const struct signing *s = ctx;
    return sign(ctx, signature, len, room, s->text, s->text_len);
}

/* --- verification, by the public half ------------------------------------------------------ */

static int verify_init(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct signing *s = ctx;
    key_take(s, key);
    if (s->key == NULL || s->key->public_half == NULL) return 0;
    EVP_MD_CTX_free(s->verify);
    s->verify = EVP_MD_CTX_new();
    return s->verify != NULL && EVP_DigestVerifyInit_ex(s->verify, NULL, digest, s->prov->libctx,
                                                        NULL, s->key->public_half, params) == 1;
}

static int verify_update(void *ctx, const unsigned char *data, size_t len)
{
    struct signing *s = ctx;
    return s->verify != NULL && EVP_DigestVerifyUpdate(s->verify, data, len) == 1;
}

static int verify_final(void *ctx, const unsigned char *signature, size_t len)
{
    struct signing *s = ctx;
    return s->verify != NULL && EVP_DigestVerifyFinal(s->verify, signature, len) == 1;
}

static int verify(void *ctx, const unsigned char *signature, size_t len,
                  const unsigned char *message, size_t message_len)
{
    struct signing *s = ctx;
    return s->verify != NULL &&
           EVP_DigestVerify(s->verify, signature, len, message, message_len) == 1;
}

static const OSSL_DISPATCH functions[] = {
    LK_ROW(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
    LK_ROW(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
    LK_ROW(OSSL_FUNC_SIGNATURE_DUPCTX, signing_dup),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, sign_update),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, sign_final),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, verify_init),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, verify_update),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, verify_final),
    LK_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, verify),
    LK_ROW(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_ctx_params),
    LK_ROW(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable_ctx_params),
    LK_ROW(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_ctx_params),
    LK_ROW(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_ctx_params),
    LK_ROW_END};

#define PROPERTIES "provider=lurk"
const OSSL_ALGORITHM lk_signature_algorithms[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, functions, "remote RSA"},
    {"ECDSA", PROPERTIES, functions, "remote ECDSA"},
    {"ED25519:1.3.101.112", PROPERTIES, functions, "remote Ed25519"},
    {"ED448:1.3.101.113", PROPERTIES, functions, "remote Ed448"},
    {NULL, NULL, NULL, NULL}};
