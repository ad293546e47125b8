#include "tools/provider/selfcheck.h"

#include <errno.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tools/provider/kept.h"
#include "tools/provider/libssl.h"
#include "tools/provider/thread.h"

#define ROUNDS_MAX 20
#define WHY_BYTES 160
#define STACK_BYTES (256u << 10)

/* One check under way. */
struct lk_check {
    const struct lk_prov *prov;
    int version; /* of the protocol */
    EVP_PKEY *key;
    uint8_t key_id[LK_SHA256_BYTES];
    bool asked; /* a whole request was made */
    char why[WHY_BYTES];
};

enum verdict { NOT_RUN, GOOD, BAD };

static struct {
    pthread_mutex_t lock; /* one check at a time */
    enum verdict verdict[LK_CHECK_VERSIONS];
} checks = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread struct lk_check *running;
static __thread bool saw_prf;

void lk_selfcheck_claim(struct lk_pkey *key)
{
    if (running != NULL && memcmp(running->key_id, key->key_id, sizeof key->key_id) == 0)
        key->check = running;
}

void lk_selfcheck_asked(const struct lk_pkey *key, size_t len)
{
    key->check->asked = len > 0;
}

void lk_selfcheck_saw_prf(void)
{
    saw_prf = true;
}

bool lk_selfcheck_sign(const struct lk_pkey *key, const char *digest, struct lk_bytes message,
                       uint8_t *signature, size_t room, size_t *len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *len = room;
    bool good = ctx != NULL &&
                EVP_DigestSignInit_ex(ctx, NULL, digest, key->prov->libctx, NULL, key->check->key,
                                      NULL) == 1 &&
                EVP_DigestSign(ctx, signature, len, message.data, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

/* --- the handshake ------------------------------------------------------------------------- */

static bool failed(struct lk_check *check, const char *why)
{
    if (check->why[0] == 0) snprintf(check->why, sizeof check->why, "%s", why);
    return false;
}

static X509 *certificate_make(const struct lk_check *check)
{
    X509 *crt = X509_new_ex(check->prov->libctx, NULL);
    X509_NAME *name = crt != NULL ? X509_get_subject_name(crt) : NULL;
    bool good = name != NULL && X509_set_version(crt, X509_VERSION_3) &&
                ASN1_INTEGER_set(X509_get_serialNumber(crt), 1) &&
                X509_gmtime_adj(X509_getm_notBefore(crt), -3600) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(crt), 3600) != NULL &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                           (const unsigned char *)"selfcheck", -1, -1, 0) &&
                X509_set_issuer_name(crt, name) && X509_set_pubkey(crt, check->key);
    EVP_MD *md = EVP_MD_fetch(check->prov->libctx, "SHA2-256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    good = good && md != NULL && ctx != NULL &&
           EVP_DigestSignInit_ex(ctx, NULL, "SHA2-256", check->prov->libctx, NULL, check->key,
                                 NULL) == 1 &&
           X509_sign_ctx(crt, ctx) > 0;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    if (good) return crt;
    X509_free(crt);
    return NULL;
}

/* The key as a key file, by the way that every key file takes. */
static EVP_PKEY *key_load(struct lk_check *check)
{
    uint8_t der[LK_KEYFILE_BYTES_MAX], *spki = NULL;
    int spki_len = i2d_PUBKEY(check->key, &spki);
    if (spki_len <= 0) return NULL;
    struct lk_keyfile file;
    struct lk_writer w = lk_writer_of(der, sizeof der);
    lk_keyfile_init(&file, lk_bytes_of(spki, (size_t)spki_len));
    file.mode = LK_KEYFILE_MODE_FULL;
    file.fallback = LK_KEYFILE_FALLBACK_REFUSE;
    lk_keyfile_write(&w, &file);
    memcpy(check->key_id, file.key_id, sizeof check->key_id);
    OPENSSL_free(spki);
    EVP_PKEY *pkey = NULL;
    const unsigned char *at = der;
    size_t left = w.len;
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(
        &pkey, "DER", NULL, "EC", OSSL_KEYMGMT_SELECT_KEYPAIR, NULL, NULL);
    if (decoder == NULL || OSSL_DECODER_from_data(decoder, &at, &left) != 1) pkey = NULL;
    OSSL_DECODER_CTX_free(decoder);
    return pkey;
}

static bool shake(const struct lk_libssl *ssl, struct lk_check *check, SSL *server, SSL *client)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        int c = ssl->do_handshake(client), s = ssl->do_handshake(server);
        if (c == 1 && s == 1) return true;
        bool waits_c = c == 1 || ssl->get_error(client, c) == SSL_ERROR_WANT_READ;
        bool waits_s = s == 1 || ssl->get_error(server, s) == SSL_ERROR_WANT_READ;
        if (waits_c && waits_s) continue;
        char text[WHY_BYTES];
        ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
        return failed(check, text);
    }
    return failed(check, "it did not end");
}

static bool connect_and_shake(const struct lk_libssl *ssl, struct lk_check *check, SSL_CTX *ctx)
{
    SSL *server = ssl->new (ctx), *client = ssl->new (ctx);
    BIO *a = NULL, *b = NULL;
    bool good = server != NULL && client != NULL && BIO_new_bio_pair(&a, 0, &b, 0) == 1;
    if (good) {
        ssl->set_bio(server, a, a);
        ssl->set_bio(client, b, b);
        ssl->set_accept_state(server);
        ssl->set_connect_state(client);
        good = shake(ssl, check, server, client) && ssl->version(server) == check->version;
    }
    ssl->free(server);
    ssl->free(client);
    return good || failed(check, "it is not the version that was asked for");
}

static bool handshake(struct lk_check *check)
{
    const struct lk_libssl *ssl = lk_libssl_get();
    if (ssl == NULL) return failed(check, "libssl is not in this process");
    check->key = EVP_PKEY_Q_keygen(check->prov->libctx, NULL, "EC", "P-256");
    X509 *crt = check->key != NULL ? certificate_make(check) : NULL;
    if (crt == NULL) return failed(check, "no key and certificate for it could be made");
    EVP_PKEY *pkey = key_load(check);
    SSL_CTX *ctx = pkey != NULL ? ssl->ctx_new(ssl->method()) : NULL;
    bool good = ctx != NULL && ssl->ctx_use_certificate(ctx, crt) == 1 &&
                ssl->ctx_use_key(ctx, pkey) == 1 &&
                ssl->ctx_ctrl(ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, check->version, NULL) == 1 &&
                ssl->ctx_ctrl(ctx, SSL_CTRL_SET_MAX_PROTO_VERSION, check->version, NULL) == 1;
    good = good ? connect_and_shake(ssl, check, ctx)
                : failed(check, "its key was not taken as a key file; is this provider's section "
                                "behind the default provider's?");
    if (ctx != NULL) ssl->ctx_free(ctx);
    EVP_PKEY_free(pkey);
    X509_free(crt);
    if (!good) return false;
    if (!check->asked) return failed(check, "no request was made");
    return check->version != TLS1_2_VERSION || saw_prf ||
           failed(check, "TLS1-PRF is not lurk's: default_properties = ?lurk.tls=yes is missing");
}

/* --- on a stack of its own ----------------------------------------------------------------- */

/* A paused job's stack is too small for a handshake, and a thread is not to be had everywhere (a
 * server may forbid itself new ones). */
static __thread struct {
    ucontext_t back, there;
    bool good;
} stack_switch;

static void check_enter(void)
{
    stack_switch.good = handshake(running);
}

static bool check_on_stack(struct lk_check *check, void *stack)
{
    if (getcontext(&stack_switch.there) != 0) return failed(check, strerror(errno));
    stack_switch.there.uc_stack.ss_sp = stack;
    stack_switch.there.uc_stack.ss_size = STACK_BYTES;
    stack_switch.there.uc_link = &stack_switch.back;
    makecontext(&stack_switch.there, check_enter, 0);
    stack_switch.good = false;
    if (swapcontext(&stack_switch.back, &stack_switch.there) != 0)
        return failed(check, strerror(errno));
    return stack_switch.good;
}

static bool check_run(struct lk_check *check)
{
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return failed(check, strerror(errno));
    struct lk_kept *aside = lk_thread_kept_swap(NULL); /* of the handshake that asks */
    running = check;
    saw_prf = false;
    ERR_set_mark();
    bool good = check_on_stack(check, stack);
    ERR_pop_to_mark();
    running = NULL;
    lk_kept_free(lk_thread_kept_swap(aside));
    EVP_PKEY_free(check->key);
    munmap(stack, STACK_BYTES);
    return good;
}

/* The lock is held. */
static enum verdict check_once(const struct lk_prov *prov, enum lk_check_version version)
{
    static const int protocols[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct lk_check check = {.prov = prov, .version = protocols[version]};
    uint64_t began_ns = lk_now_ns();
    if (!check_run(&check)) {
        lk_prov_say(prov, "mode full is off for TLS 1.%d: its self-check failed: %s", version + 2,
                    check.why);
        return BAD;
    }
    lk_prov_trace(prov, "self-check of TLS 1.%d passed in %llu us", version + 2,
                  (unsigned long long)((lk_now_ns() - began_ns) / 1000));
    return GOOD;
}

bool lk_selfcheck_good(const struct lk_prov *prov, enum lk_check_version version)
{
    enum verdict verdict = __atomic_load_n(&checks.verdict[version], __ATOMIC_ACQUIRE);
    if (verdict != NOT_RUN) return verdict == GOOD;
    pthread_mutex_lock(&checks.lock);
    verdict = checks.verdict[version];
    if (verdict == NOT_RUN) {
        verdict = check_once(prov, version);
        __atomic_store_n(&checks.verdict[version], verdict, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&checks.lock);
    return verdict == GOOD;
}
