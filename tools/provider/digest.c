/* digest: SHA-256 and SHA-384 for the TLS of a process in mode full: libcrypto's code, and beside
 * it what was hashed, as long as that is a TLS handshake (transcript.h). A digest that ends behind
 * a Certificate or a key exchange is kept: libssl's next question will name it. */
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/ct.h"
#include "crypto/hash.h"
#include "tools/provider/kept.h"
#include "tools/provider/provider.h"
#include "tools/provider/thread.h"

struct digest {
    struct lk_hash_state state;
    unsigned hash; /* enum lk_hash */
    bool fresh;    /* nothing hashed yet */
    struct lk_transcript *transcript;
    size_t at; /* how much of the transcript is this digest's */
};

static struct digest *digest_new(unsigned hash)
{
    struct digest *d = OPENSSL_zalloc(sizeof *d);
    if (d != NULL) d->hash = hash;
    return d;
}

static void *digest_new_256(void *provctx)
{
    (void)provctx;
    return digest_new(0);
}

static void *digest_new_384(void *provctx)
{
    (void)provctx;
    return digest_new(1);
}

static void transcript_leave(struct digest *d)
{
    lk_transcript_free(d->transcript);
    d->transcript = NULL;
}

static void digest_free(void *ctx)
{
    struct digest *d = ctx;
    if (d == NULL) return;
    transcript_leave(d);
    OPENSSL_clear_free(d, sizeof *d);
}

static void *digest_dup(void *ctx)
{
    const struct digest *from = ctx;
    struct digest *d = OPENSSL_memdup(from, sizeof *from);
    if (d != NULL && d->transcript != NULL) lk_transcript_up(d->transcript);
    return d;
}

static int digest_init(void *ctx, const OSSL_PARAM params[])
{
    struct digest *d = ctx;
    (void)params;
    transcript_leave(d);
    lk_hash_start(&d->state, d->hash);
    d->fresh = true;
    return 1;
}

static void transcript_begin(struct digest *d, struct lk_bytes data)
{
    struct lk_bytes hello_hash = lk_transcript_hello_hash(data);
    struct lk_kept *kept = lk_thread_kept();
    struct lk_kept_final *first = kept != NULL && hello_hash.len > 0
                                      ? lk_kept_hello_find(kept, hello_hash)
                                      : NULL;
    if (hello_hash.len > 0 && first == NULL) return; /* a handshake without its first message */
    d->transcript = lk_transcript_new(data, first != NULL ? first->transcript : NULL);
    d->at = data.len;
}

static int digest_update(void *ctx, const unsigned char *data, size_t len)
{
    struct digest *d = ctx;
    struct lk_bytes bytes = lk_bytes_of(data, len);
    if (len == 0) return 1;
    lk_hash_add(&d->state, data, len);
    if (d->fresh && lk_transcript_begins(bytes))
        transcript_begin(d, bytes);
    else if (d->transcript != NULL && lk_transcript_add(d->transcript, d->at, bytes))
        d->at += len;
    else if (d->transcript != NULL)
        transcript_leave(d);
    d->fresh = false;
    return 1;
}

static void final_fill(struct lk_kept_final *entry, const struct digest *d, const uint8_t *hash)
{
    entry->hash_len = lk_hash_bytes(d->hash);
    memcpy(entry->hash, hash, entry->hash_len);
    entry->transcript = lk_transcript_up(d->transcript);
    entry->at = d->at;
}

/* Only two ends are ever asked for, and the single ClientHello before a HelloRetryRequest. */
static void final_keep(struct digest *d, const uint8_t *hash)
{
    enum { CERTIFICATE = 11, CLIENT_KEY_EXCHANGE = 16, CLIENT_HELLO = 1 };
    struct lk_bytes bytes = lk_bytes_of(lk_transcript_bytes(d->transcript).data, d->at);
    struct lk_message cut[LK_TRANSCRIPT_MESSAGES_MAX];
    struct lk_bytes name = lk_bytes_of(hash, lk_hash_bytes(d->hash));
    struct lk_kept *kept = lk_thread_kept();
    size_t count = lk_messages_cut(bytes, lk_messages_datagram(bytes), cut);
    if (kept == NULL || count == 0) return;
    uint8_t last = cut[count - 1].type;
    if (count == 1 && last == CLIENT_HELLO && lk_kept_hello_find(kept, name) == NULL)
        final_fill(lk_kept_hello_take(kept, lk_now_ns()), d, hash);
    if ((last == CERTIFICATE || last == CLIENT_KEY_EXCHANGE) &&
        lk_kept_final_find(kept, name) == NULL)
        final_fill(lk_kept_final_take(kept, lk_now_ns()), d, hash);
}

static int digest_final(void *ctx, unsigned char *out, size_t *len, size_t room)
{
    struct digest *d = ctx;
    size_t bytes = lk_hash_bytes(d->hash);
    if (room < bytes) return 0;
    lk_hash_finish(&d->state, out);
    *len = bytes;
    if (d->transcript != NULL) final_keep(d, out);
    transcript_leave(d);
    return 1;
}

static int get_params(OSSL_PARAM params[], size_t bytes, size_t block)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_BLOCK_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, block)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, bytes)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_XOF);
    if (p != NULL && !OSSL_PARAM_set_int(p, 0)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_ALGID_ABSENT);
    return p == NULL || OSSL_PARAM_set_int(p, 1); /* as libcrypto's SHA-2 has it */
}

static int get_params_256(OSSL_PARAM params[])
{
    return get_params(params, 32, 64);
}

static int get_params_384(OSSL_PARAM params[])
{
    return get_params(params, 48, 128);
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_BLOCK_SIZE, NULL),
                                       OSSL_PARAM_size_t(OSSL_DIGEST_PARAM_SIZE, NULL),
                                       OSSL_PARAM_int(OSSL_DIGEST_PARAM_XOF, NULL),
                                       OSSL_PARAM_int(OSSL_DIGEST_PARAM_ALGID_ABSENT, NULL),
                                       OSSL_PARAM_END};
    (void)provctx;
    return known;
}

#define DIGEST(bits)                                                                               \
    static const OSSL_DISPATCH functions_##bits[] = {                                              \
        LK_ROW(OSSL_FUNC_DIGEST_NEWCTX, digest_new_##bits),                                        \
        LK_ROW(OSSL_FUNC_DIGEST_FREECTX, digest_free),                                             \
        LK_ROW(OSSL_FUNC_DIGEST_DUPCTX, digest_dup),                                               \
        LK_ROW(OSSL_FUNC_DIGEST_INIT, digest_init),                                                \
        LK_ROW(OSSL_FUNC_DIGEST_UPDATE, digest_update),                                            \
        LK_ROW(OSSL_FUNC_DIGEST_FINAL, digest_final),                                              \
        LK_ROW(OSSL_FUNC_DIGEST_GET_PARAMS, get_params_##bits),                                    \
        LK_ROW(OSSL_FUNC_DIGEST_GETTABLE_PARAMS, gettable_params),                                 \
        LK_ROW_END};
DIGEST(256)
DIGEST(384)

#define PROPERTIES "provider=lurk,lurk.tls=yes"
const OSSL_ALGORITHM lk_digest_algorithms[] = {
    {"SHA2-256:SHA-256:SHA256:2.16.840.1.101.3.4.2.1", PROPERTIES, functions_256,
     "SHA-256 that knows a TLS handshake"},
    {"SHA2-384:SHA-384:SHA384:2.16.840.1.101.3.4.2.2", PROPERTIES, functions_384,
     "SHA-384 that knows a TLS handshake"},
    {NULL, NULL, NULL, NULL}};
