#include "tools/provider/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>


/* The random source of this program is libcrypto's, and asks at each 32 bytes which handshake they
 * are for; the answers are written down. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define RANDOM_BYTES 32
#define DRAWS_MAX 32

static struct draw {
    bool found;
    struct lk_hello hello;
    uint8_t random[RANDOM_BYTES];
} draws[DRAWS_MAX];
static size_t draw_count;

/* out is the place in the connection itself. */
static int random_bytes(unsigned char *out, int len)
{
    static uint32_t calls;
    memset(out, 0x55, (size_t)len);
    calls++;
    for (int i = 0; i < 4 && i < len; i++)
        out[i] = (unsigned char)(calls >> (8 * i)); /* no two alike */
    if (len != RANDOM_BYTES || draw_count == DRAWS_MAX) return 1;
    struct draw *draw = &draws[draw_count++];
    draw->found = lk_hello_find(out, &draw->hello);
    memcpy(draw->random, out, RANDOM_BYTES);
    return 1;
}

static const RAND_METHOD method = {.bytes = random_bytes, .pseudorand = random_bytes};

/* --- handshakes in memory ------------------------------------------------------------------ */

static EVP_PKEY *pkey;
static X509 *crt;

static int group_begin(void **state)
{
    (void)state;
    pkey = EVP_EC_gen("P-256");
    crt = X509_new();
    X509_NAME *name = X509_get_subject_name(crt);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(crt, name);
    X509_gmtime_adj(X509_getm_notBefore(crt), -60);
    X509_gmtime_adj(X509_getm_notAfter(crt), 3600);
    X509_set_pubkey(crt, pkey);
    X509_sign(crt, pkey, EVP_sha256());
    return lk_hello_init() && RAND_set_rand_method(&method) == 1 ? 0 : -1;
}

static int group_end(void **state)
{
    (void)state;
    X509_free(crt);
    EVP_PKEY_free(pkey);
    return 0;
}

struct pair {
    SSL_CTX *ctx;
    SSL *server, *client;
};

static void pair_open(struct pair *p, int version_min, int version_max)
{
    BIO *a, *b;
    p->ctx = SSL_CTX_new(TLS_method());
    assert_int_equal(SSL_CTX_use_certificate(p->ctx, crt), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, pkey), 1);
    p->server = SSL_new(p->ctx);
    p->client = SSL_new(p->ctx);
    SSL_set_min_proto_version(p->client, version_min);
    SSL_set_max_proto_version(p->client, version_max);
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(p->server, a, a);
    SSL_set_bio(p->client, b, b);
    SSL_set_accept_state(p->server);
    SSL_set_connect_state(p->client);
    draw_count = 0;
}

static bool shake(struct pair *p)
{
    for (int i = 0; i < 10; i++) {
        int c = SSL_do_handshake(p->client), s = SSL_do_handshake(p->server);
        if (c == 1 && s == 1) return true;
    }
    return false;
}

static void pair_close(struct pair *p)
{
    SSL_free(p->server);
    SSL_free(p->client);
    SSL_CTX_free(p->ctx);
}

/* The draw that became the random of this server's hello. */
static const struct draw *draw_of(const SSL *server)
{
    uint8_t random[RANDOM_BYTES];
    SSL_get_server_random(server, random, sizeof random);
    for (size_t i = 0; i < draw_count; i++)
        if (memcmp(draws[i].random, random, 24) == 0) return &draws[i]; /* the mark behind */
    fail_msg("the server's random was never drawn");
    return NULL;
}

static void hello_names_version_and_mark(void **state)
{
    static const struct {
        int client_max, server_max;
        uint16_t version;
        bool marked;
    } rows[] = {{TLS1_3_VERSION, 0, 0x0304, false},
                {TLS1_2_VERSION, 0, 0x0303, true},
                {TLS1_2_VERSION, TLS1_2_VERSION, 0x0303, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair p;
        pair_open(&p, 0, rows[i].client_max);
        SSL_set_max_proto_version(p.server, rows[i].server_max);
        assert_true(shake(&p));
        const struct draw *draw = draw_of(p.server);
        assert_true(draw->found);
        assert_int_equal(draw->hello.version, rows[i].version);
        assert_int_equal(draw->hello.marked, rows[i].marked);
        uint8_t random[RANDOM_BYTES];
        SSL_get_server_random(p.server, random, sizeof random);
        assert_int_equal(memcmp(random + 24, "DOWNGRD\1", 8) == 0, rows[i].marked);
        pair_close(&p);
    }
}

static void hello_is_found_again_after_a_retry(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, TLS1_3_VERSION, TLS1_3_VERSION);
    assert_int_equal(SSL_set1_groups_list(p.client, "X25519:P-384"), 1);
    assert_int_equal(SSL_set1_groups_list(p.server, "P-384"), 1);
    assert_true(shake(&p));
    const struct draw *last = draw_of(p.server);
    assert_true(last->found);
    unsigned found = 0;
    for (size_t i = 0; i < draw_count; i++)
        found += draws[i].found;
    assert_int_equal(found, 2);
    pair_close(&p);
}

static void hello_leaves_a_clients_randoms_alone(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, 0, 0);
    SSL_do_handshake(p.client);
    assert_true(draw_count > 0);
    for (size_t i = 0; i < draw_count; i++)
        assert_false(draws[i].found);
    pair_close(&p);
}

/* Another connection that waits for its hello, and one whose handshake failed, stand beside it. */
static void hello_is_found_among_waiting_and_failed_ones(void **state)
{
    (void)state;
    struct pair idle, failed, p;
    pair_open(&idle, 0, 0);
    pair_open(&failed, TLS1_3_VERSION, TLS1_3_VERSION);
    SSL_set_ciphersuites(failed.client, "TLS_AES_128_GCM_SHA256");
    SSL_set_ciphersuites(failed.server, "TLS_AES_256_GCM_SHA384");
    assert_false(shake(&failed));
    uint8_t client[RANDOM_BYTES], zero[RANDOM_BYTES] = {0};
    SSL_get_client_random(failed.server, client, sizeof client);
    assert_memory_not_equal(client, zero, sizeof client); /* it came as far as that */
    pair_open(&p, 0, 0);
    assert_true(shake(&p));
    assert_true(draw_of(p.server)->found);
    pair_close(&p);
    pair_close(&failed);
    pair_close(&idle);
}

/* Every random that was named is one that the server shows: no private key, no session id. */
static void hello_names_nothing_else(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p, 0, TLS1_2_VERSION);
    SSL_set_options(p.client, SSL_OP_NO_TICKET); /* so that there is a session id to be drawn */
    assert_true(shake(&p));
    unsigned found = 0;
    for (size_t i = 0; i < draw_count; i++)
        found += draws[i].found;
    assert_true(draw_count > 3);
    assert_int_equal(found, 1);
    assert_true(draw_of(p.server)->found);
    pair_close(&p);
}

/* --- two at once --------------------------------------------------------------------------- */

static bool nested_shook;
static struct draw nested_draw;

/* Called by a server that has the client's random and not its own: another handshake meanwhile. */
static SSL_SESSION *session_get(SSL *ssl, const unsigned char *id, int len, int *copy)
{
    (void)ssl, (void)id, (void)len, (void)copy;
    struct pair p;
    pair_open(&p, TLS1_3_VERSION, TLS1_3_VERSION);
    nested_shook = shake(&p);
    nested_draw = *draw_of(p.server);
    pair_close(&p);
    return NULL;
}

static void hello_tells_two_at_once_apart(void **state)
{
    (void)state;
    struct pair first, second;
    pair_open(&first, 0, TLS1_2_VERSION);
    SSL_set_options(first.client, SSL_OP_NO_TICKET);
    assert_true(shake(&first));
    pair_open(&second, 0, TLS1_2_VERSION);
    SSL_set_options(second.client, SSL_OP_NO_TICKET);
    SSL_set_session(second.client, SSL_get_session(first.client));
    SSL_CTX_set_session_cache_mode(second.ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_get_cb(second.ctx, session_get);
    assert_true(shake(&second));
    assert_true(nested_shook);
    assert_true(nested_draw.found);
    assert_int_equal(nested_draw.hello.version, TLS1_3_VERSION);
    const struct draw *outer = draw_of(second.server);
    assert_true(outer->found);
    assert_int_equal(outer->hello.version, TLS1_2_VERSION);
    pair_close(&second);
    pair_close(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_names_version_and_mark),
        cmocka_unit_test(hello_is_found_again_after_a_retry),
        cmocka_unit_test(hello_leaves_a_clients_randoms_alone),
        cmocka_unit_test(hello_is_found_among_waiting_and_failed_ones),
        cmocka_unit_test(hello_names_nothing_else),
        cmocka_unit_test(hello_tells_two_at_once_apart),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
