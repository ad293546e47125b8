/* rand: LURK-RAND, the process's random source in mode full: libcrypto's own generator, of the
 * provider's library context, with two things seen on the way:
 *
 *   of the public instance, 32 bytes that turn up as a connection's ServerHello.random: they become
 *   F(S), and S is kept;
 *   of the private instance, what may become an ephemeral key: it is kept for the proof of
 *   ownership.
 *
 * Everything else passes. The primary instance, of which no bytes are drawn, is as the others. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <time.h>

#include "crypto/ct.h"
#include "tools/liblurk/lurk.h"
#include "tools/provider/hello.h"
#include "tools/provider/kept.h"
#include "tools/provider/provider.h"
#include "tools/provider/thread.h"

#define STRENGTH 256
#define REQUEST_BYTES_MAX (1u << 16)
#define SELF "lurk-self" /* a parameter of ours: the address of the instance */

enum role { ROLE_NOT_KNOWN, ROLE_PUBLIC, ROLE_OTHER };

struct instance {
    const struct lk_prov *prov;
    int state;
    enum role role;
};

static void *instance_new(void *provctx, void *parent, const OSSL_DISPATCH *parent_calls)
{
    (void)parent, (void)parent_calls; /* the generator has a seed of its own */
    if (!lk_hello_init()) return NULL;
    struct instance *instance = OPENSSL_zalloc(sizeof *instance);
    if (instance == NULL) return NULL;
    instance->prov = provctx;
    instance->state = EVP_RAND_STATE_UNINITIALISED;
    return instance;
}

static void instance_free(void *ctx)
{
    OPENSSL_free(ctx);
}

static int instantiate(void *ctx, unsigned strength, int resistance, const unsigned char *text,
                       size_t len, const OSSL_PARAM params[])
{
    struct instance *instance = ctx;
    (void)strength, (void)resistance, (void)text, (void)len, (void)params;
    instance->state = EVP_RAND_STATE_READY;
    return 1;
}

static int uninstantiate(void *ctx)
{
    struct instance *instance = ctx;
    instance->state = EVP_RAND_STATE_UNINITIALISED;
    return 1;
}

/* Asked of the process's public instance, by the way that leads to it. */
static bool is_public(struct instance *instance)
{
    if (instance->role == ROLE_NOT_KNOWN) {
        void *self = NULL;
        OSSL_PARAM params[] = {OSSL_PARAM_octet_ptr(SELF, &self, 0), OSSL_PARAM_END};
        EVP_RAND_CTX *ctx = RAND_get0_public(NULL);
        if (ctx == NULL || !EVP_RAND_CTX_get_params(ctx, params)) return false;
        instance->role = self == instance ? ROLE_PUBLIC : ROLE_OTHER;
    }
    return instance->role == ROLE_PUBLIC;
}

/* Were these bytes drawn for a ServerHello.random? Then they become F(S), and S is kept. */
static void s_make(const struct instance *instance, uint8_t random[LURK_RANDOM_BYTES])
{
    struct lk_hello hello;
    if (!lk_hello_find(random, &hello)) return;
    bool tls13 = hello.version == TLS1_3_VERSION;
    if (!tls13 && hello.version != TLS1_2_VERSION && hello.version != DTLS1_2_VERSION) return;
    struct lk_kept *kept = lk_thread_kept();
    if (kept == NULL) return;
    struct lk_kept_s *entry = lk_kept_s_take(kept, lk_now_ns());
    enum lurk_mark mark = hello.marked ? LURK_MARK_TLS12 : LURK_MARK_NONE;
    int outcome = tls13 ? lurk_tls13_s_draw(entry->s)
                        : lurk_tls12_s_draw((uint32_t)time(NULL), mark, entry->s);
    if (outcome == LURK_OK && tls13)
        outcome = lurk_tls13_hello_random(0, entry->s, entry->random);
    else if (outcome == LURK_OK)
        lurk_tls12_hello_random(entry->s, entry->random);
    if (outcome != LURK_OK) {
        lk_kept_s_drop(entry);
        return;
    }
    entry->tls13 = tls13;
    memcpy(random, entry->random, LURK_RANDOM_BYTES);
    lk_prov_trace(instance->prov, "random: F(S) for version %04x%s", hello.version,
                  hello.marked ? ", marked" : "");
}

/* Private numbers: of P-256 and x25519, P-384, x448, P-521; and what libcrypto draws for one of DHE
 * with 2048, 3072, 4096, 6144 and 8192 bits (dhe.h). */
static bool may_be_key(size_t len)
{
    static const uint8_t widths[] = {32, 48, 56, 66, 29, 35, 41, 48, 51};
    for (size_t i = 0; i < sizeof widths; i++)
        if (len == widths[i]) return true;
    return false;
}

static void private_keep(const uint8_t *bytes, size_t len)
{
    struct lk_kept *kept = lk_thread_kept();
    if (kept == NULL) return;
    struct lk_kept_private *entry = lk_kept_private_take(kept, lk_now_ns());
    memcpy(entry->bytes, bytes, len);
    entry->len = len;
}

static int generate(void *ctx, unsigned char *out, size_t len, unsigned strength, int resistance,
                    const unsigned char *text, size_t text_len)
{
    struct instance *instance = ctx;
    (void)resistance, (void)text, (void)text_len;
    if (instance->state != EVP_RAND_STATE_READY || strength > STRENGTH) return 0;
    if (RAND_priv_bytes_ex(instance->prov->libctx, out, len, STRENGTH) != 1) return 0;
    if (!may_be_key(len)) return 1;
    if (!is_public(instance))
        private_keep(out, len);
    else if (len == LURK_RANDOM_BYTES)
        s_make(instance, out);
    return 1;
}

static int reseed(void *ctx, int resistance, const unsigned char *entropy, size_t entropy_len,
                  const unsigned char *text, size_t text_len)
{
    const struct instance *instance = ctx;
    (void)resistance, (void)text, (void)text_len;
    if (entropy_len > 0) RAND_seed(entropy, entropy_len > 4096 ? 4096 : (int)entropy_len);
    return instance->state == EVP_RAND_STATE_READY;
}

/* The generators behind it are one a thread, and lock themselves. */
static int enable_locking(void *ctx)
{
    (void)ctx;
    return 1;
}

static int lock(void *ctx)
{
    (void)ctx;
    return 1;
}

static void unlock(void *ctx)
{
    (void)ctx;
}

static int get_ctx_params(void *ctx, OSSL_PARAM params[])
{
    struct instance *instance = ctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STATE);
    if (p != NULL && !OSSL_PARAM_set_int(p, instance->state)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_STRENGTH);
    if (p != NULL && !OSSL_PARAM_set_uint(p, STRENGTH)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_RAND_PARAM_MAX_REQUEST);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, REQUEST_BYTES_MAX)) return 0;
    p = OSSL_PARAM_locate(params, SELF);
    return p == NULL || OSSL_PARAM_set_octet_ptr(p, instance, sizeof *instance);
}

static const OSSL_PARAM *gettable_ctx_params(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, NULL),
                                       OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, NULL),
                                       OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, NULL),
                                       OSSL_PARAM_octet_ptr(SELF, NULL, 0), OSSL_PARAM_END};
    (void)ctx, (void)provctx;
    return known;
}

static const OSSL_DISPATCH functions[] = {
    LK_ROW(OSSL_FUNC_RAND_NEWCTX, instance_new),
    LK_ROW(OSSL_FUNC_RAND_FREECTX, instance_free),
    LK_ROW(OSSL_FUNC_RAND_INSTANTIATE, instantiate),
    LK_ROW(OSSL_FUNC_RAND_UNINSTANTIATE, uninstantiate),
    LK_ROW(OSSL_FUNC_RAND_GENERATE, generate),
    LK_ROW(OSSL_FUNC_RAND_RESEED, reseed),
    LK_ROW(OSSL_FUNC_RAND_ENABLE_LOCKING, enable_locking),
    LK_ROW(OSSL_FUNC_RAND_LOCK, lock),
    LK_ROW(OSSL_FUNC_RAND_UNLOCK, unlock),
    LK_ROW(OSSL_FUNC_RAND_GET_CTX_PARAMS, get_ctx_params),
    LK_ROW(OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, gettable_ctx_params),
    LK_ROW_END};

const OSSL_ALGORITHM lk_rand_algorithms[] = {
    {"LURK-RAND", "provider=lurk,lurk.tls=yes", functions, "random source of mode full"},
    {NULL, NULL, NULL, NULL}};
