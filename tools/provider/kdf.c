/* kdf: the key schedules of TLS 1.2 and 1.3 as libssl asks for them, done by libcrypto's own, and
 * two things seen on the way:
 *
 *   TLS13-KDF: the shared secret, which is the key of the extract step that has a salt, and whose
 *   handshake it is, which the traffic secrets tell that are derived from its result;
 *   TLS1-PRF: a secret that is a handle. Then there is no premaster here: the master secret comes
 *   from the key server. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <strings.h>

#include "crypto/ct.h"
#include "tools/provider/kept.h"
#include "tools/provider/question.h"
#include "tools/provider/remote.h"
#include "tools/provider/selfcheck.h"
#include "tools/provider/thread.h"

#define SEED_BYTES 256

/* What was asked, by all of a context's parameters so far. */
struct asked {
    int mode; /* TLS13-KDF: EVP_KDF_HKDF_MODE_... */
    bool salted;
    uint8_t key[132]; /* or the PRF's secret */
    size_t key_len;
    uint8_t label[32];
    size_t label_len;
    uint8_t data[LK_HASH_BYTES_MAX];
    size_t data_len;
    unsigned hash; /* PRF */
    uint8_t seed[SEED_BYTES];
    size_t seed_len;
    bool overflown; /* longer than anything of interest */
};

struct derivation {
    const struct lk_prov *prov;
    EVP_KDF_CTX *inner;
    struct asked asked;
};

static struct derivation *derivation_new(void *provctx, const char *name)
{
    const struct lk_prov *prov = provctx;
    struct derivation *d = OPENSSL_zalloc(sizeof *d);
    EVP_KDF *kdf = EVP_KDF_fetch(prov->libctx, name, NULL);
    if (d != NULL && kdf != NULL) {
        d->prov = prov;
        d->inner = EVP_KDF_CTX_new(kdf);
    }
    EVP_KDF_free(kdf);
    if (d != NULL && d->inner != NULL) return d;
    OPENSSL_free(d);
    return NULL;
}

static void *schedule_new(void *provctx)
{
    return derivation_new(provctx, OSSL_KDF_NAME_TLS1_3_KDF);
}

static void *prf_new(void *provctx)
{
    return derivation_new(provctx, OSSL_KDF_NAME_TLS1_PRF);
}

static void derivation_free(void *ctx)
{
    struct derivation *d = ctx;
    if (d == NULL) return;
    EVP_KDF_CTX_free(d->inner);
    OPENSSL_clear_free(d, sizeof *d);
}

static void *derivation_dup(void *ctx)
{
    const struct derivation *from = ctx;
    struct derivation *d = OPENSSL_memdup(from, sizeof *from);
    if (d == NULL) return NULL;
    d->inner = EVP_KDF_CTX_dup(from->inner);
    if (d->inner != NULL) return d;
    OPENSSL_clear_free(d, sizeof *d);
    return NULL;
}

static void reset(void *ctx)
{
    struct derivation *d = ctx;
    EVP_KDF_CTX_reset(d->inner);
    LK_WIPE(d->asked);
}

/* --- what is asked ------------------------------------------------------------------------- */

static void octets_take(struct asked *a, const OSSL_PARAM *p, uint8_t *to, size_t room, size_t *len)
{
    if (p->data == NULL || p->data_size > room - *len) {
        a->overflown = a->overflown || p->data_size > room - *len;
        return;
    }
    memcpy(to + *len, p->data, p->data_size);
    *len += p->data_size;
}

static int mode_of(const OSSL_PARAM *p)
{
    int mode = -1;
    if (p->data_type != OSSL_PARAM_UTF8_STRING) return OSSL_PARAM_get_int(p, &mode) ? mode : -1;
    if (strcasecmp(p->data, "EXTRACT_ONLY") == 0) return EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    return strcasecmp(p->data, "EXPAND_ONLY") == 0 ? EVP_KDF_HKDF_MODE_EXPAND_ONLY : -1;
}

static void asked_take(struct asked *a, const OSSL_PARAM *p)
{
    for (; p != NULL && p->key != NULL; p++) {
        if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0) {
            a->mode = mode_of(p);
        } else if (strcmp(p->key, OSSL_KDF_PARAM_SALT) == 0) {
            a->salted = p->data_size > 0;
        } else if (strcmp(p->key, OSSL_KDF_PARAM_KEY) == 0 ||
                   strcmp(p->key, OSSL_KDF_PARAM_SECRET) == 0) {
            a->key_len = 0;
            octets_take(a, p, a->key, sizeof a->key, &a->key_len);
        } else if (strcmp(p->key, OSSL_KDF_PARAM_LABEL) == 0) {
            a->label_len = 0;
            octets_take(a, p, a->label, sizeof a->label, &a->label_len);
        } else if (strcmp(p->key, OSSL_KDF_PARAM_DATA) == 0) {
            a->data_len = 0;
            octets_take(a, p, a->data, sizeof a->data, &a->data_len);
        } else if (strcmp(p->key, OSSL_KDF_PARAM_SEED) == 0) {
            octets_take(a, p, a->seed, sizeof a->seed, &a->seed_len);
        } else if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0) {
            if (!lk_digest_find(p->data, &a->hash)) a->hash = LK_DIGEST_NONE;
        }
    }
}

static int set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
    struct derivation *d = ctx;
    asked_take(&d->asked, params);
    return EVP_KDF_CTX_set_params(d->inner, params);
}

static int get_ctx_params(void *ctx, OSSL_PARAM params[])
{
    return EVP_KDF_CTX_get_params(((struct derivation *)ctx)->inner, params);
}

static const OSSL_PARAM *gettable_ctx_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL),
                                       OSSL_PARAM_END};
    (void)ctx, (void)provctx;
    return known;
}

static const OSSL_PARAM *settable_ctx_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
                                       OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, NULL, 0),
                                       OSSL_PARAM_END};
    (void)ctx, (void)provctx;
    return known;
}

/* --- TLS 1.3 ------------------------------------------------------------------------------- */

static bool label_is(const struct asked *a, const char *label)
{
    return lk_bytes_equal(lk_bytes_of(a->label, a->label_len), lk_bytes_of(label, strlen(label)));
}

static void shared_keep(const struct asked *a, const uint8_t *out, size_t len)
{
    struct lk_kept *kept = lk_thread_kept();
    if (kept == NULL || len > sizeof kept->shared[0].handshake_secret) return;
    lk_kept_private_drop_all(kept); /* the ephemeral key has done what it was made for */
    struct lk_kept_shared *entry = lk_kept_shared_take(kept, lk_now_ns());
    memcpy(entry->secret, a->key, a->key_len);
    entry->secret_len = a->key_len;
    memcpy(entry->handshake_secret, out, len);
}

static void shared_name(const struct asked *a)
{
    struct lk_kept *kept = lk_thread_kept();
    struct lk_kept_shared *entry =
        kept != NULL ? lk_kept_shared_by_secret(kept, lk_bytes_of(a->key, a->key_len)) : NULL;
    if (entry == NULL || a->data_len > sizeof entry->transcript_hash) return;
    memcpy(entry->transcript_hash, a->data, a->data_len);
    entry->hash_len = a->data_len;
}

static int schedule_derive(void *ctx, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
    struct derivation *d = ctx;
    struct asked *a = &d->asked;
    asked_take(a, params);
    if (EVP_KDF_derive(d->inner, out, len, params) != 1) return 0;
    bool extract = a->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY && a->salted && a->key_len > 0;
    if (!a->overflown && extract) shared_keep(a, out, len);
    if (!a->overflown && a->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && label_is(a, "s hs traffic"))
        shared_name(a);
    return 1;
}

/* --- TLS 1.2 ------------------------------------------------------------------------------- */

/* The same once more, with the premaster that mode sign has asked for. */
static int derive_from(struct derivation *d, uint8_t premaster[LK_PREMASTER_BYTES],
                       unsigned char *out, size_t len, const OSSL_PARAM params[])
{
    OSSL_PARAM secret[] = {
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, premaster, LK_PREMASTER_BYTES),
        OSSL_PARAM_END};
    return EVP_KDF_CTX_set_params(d->inner, params) == 1 &&
           EVP_KDF_derive(d->inner, out, len, secret) == 1;
}

static int prf_derive(void *ctx, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
    struct derivation *d = ctx;
    struct asked *a = &d->asked;
    asked_take(a, params);
    lk_selfcheck_saw_prf();
    struct lk_kept *kept = a->key_len == LK_PREMASTER_BYTES ? lk_thread_kept() : NULL;
    struct lk_kept_handle *handle = kept != NULL
                                        ? lk_kept_handle_find(kept, lk_bytes_of(a->key, a->key_len))
                                        : NULL;
    if (handle == NULL) return EVP_KDF_derive(d->inner, out, len, params);
    uint8_t secret[LK_PREMASTER_BYTES];
    bool is_premaster = false;
    struct lk_bytes seed = lk_bytes_of(a->seed, a->overflown ? 0 : a->seed_len);
    int good = lk_remote_master(handle, a->hash, seed, secret, &is_premaster);
    if (good && is_premaster)
        good = derive_from(d, secret, out, len, params);
    else if (good && len == sizeof secret)
        memcpy(out, secret, len);
    else
        good = 0;
    LK_WIPE(secret);
    return good;
}

#define DERIVATION(name, make, derive)                                                             \
    static const OSSL_DISPATCH name##_functions[] = {                                              \
        LK_ROW(OSSL_FUNC_KDF_NEWCTX, make),                                                        \
        LK_ROW(OSSL_FUNC_KDF_DUPCTX, derivation_dup),                                              \
        LK_ROW(OSSL_FUNC_KDF_FREECTX, derivation_free),                                            \
        LK_ROW(OSSL_FUNC_KDF_RESET, reset),                                                        \
        LK_ROW(OSSL_FUNC_KDF_DERIVE, derive),                                                      \
        LK_ROW(OSSL_FUNC_KDF_SET_CTX_PARAMS, set_ctx_params),                                      \
        LK_ROW(OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, settable_ctx_params),                            \
        LK_ROW(OSSL_FUNC_KDF_GET_CTX_PARAMS, get_ctx_params),                                      \
        LK_ROW(OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, gettable_ctx_params),                            \
        LK_ROW_END};
DERIVATION(schedule, schedule_new, schedule_derive)
DERIVATION(prf, prf_new, prf_derive)

#define PROPERTIES "provider=lurk,lurk.tls=yes"
const OSSL_ALGORITHM lk_kdf_algorithms[] = {
    {OSSL_KDF_NAME_TLS1_3_KDF, PROPERTIES, schedule_functions, "TLS 1.3 key schedule, seen"},
    {OSSL_KDF_NAME_TLS1_PRF, PROPERTIES, prf_functions, "TLS 1.2 PRF, seen"},
    {NULL, NULL, NULL, NULL}};
