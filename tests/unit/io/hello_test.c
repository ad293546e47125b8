#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "io/hello.h"
#include "tests/support/dtls_client.h"

#define RANDOM_AT 27
#define NOW 1000000000ull

/* --- what OpenSSL holds ----------------------------------------------------------------------- */

static long live_bytes;

static void *count_malloc(size_t len, const char *where, int line)
{
    (void)where;
    (void)line;
    void *p = malloc(len);
    if (p != NULL) live_bytes += (long)malloc_usable_size(p);
    return p;
}

static void count_free(void *p, const char *where, int line)
{
    (void)where;
    (void)line;
    if (p != NULL) live_bytes -= (long)malloc_usable_size(p);
    free(p);
}

static void *count_realloc(void *old, size_t len, const char *where, int line)
{
    (void)where;
    (void)line;
    if (old != NULL) live_bytes -= (long)malloc_usable_size(old);
    void *p = realloc(old, len);
    if (p != NULL) live_bytes += (long)malloc_usable_size(p);
    return p;
}

/* --- a door and who stands before it ---------------------------------------------------------- */

struct door {
    struct lk_datagram datagram; /* first */
    struct lk_hello hello;
    struct lk_test_wire out;
};

static struct door *door;
static SSL_CTX *ctx;
static struct lk_test_client *client;

static bool put(struct lk_datagram *datagram, struct lk_bytes bytes)
{
    return lk_test_wire_put(&((struct door *)datagram)->out, bytes);
}

static void use_file(int (*use)(SSL_CTX *, const char *, int), const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", lk_test_pki(), name);
    assert_int_equal(use(ctx, path, SSL_FILETYPE_PEM), 1);
}

static int make(void **state)
{
    (void)state;
    ctx = SSL_CTX_new(DTLS_server_method());
    use_file(SSL_CTX_use_certificate_file, "server.crt");
    use_file(SSL_CTX_use_PrivateKey_file, "server.key");
    lk_hello_context(ctx);
    door = calloc(1, sizeof *door);
    assert_int_equal(lk_datagram_open(&door->datagram, put), LK_OK);
    lk_datagram_path(&door->datagram, 1200);
    assert_int_equal(lk_hello_open(&door->hello, &door->datagram, NOW), LK_OK);
    client = lk_test_client_new("edge-1");
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    lk_test_client_free(client);
    lk_hello_close(&door->hello);
    lk_datagram_close(&door->datagram);
    SSL_CTX_free(ctx);
    free(door);
    return 0;
}

static struct lk_address from(uint32_t ip, uint16_t port)
{
    struct lk_address a = {0};
    a.peer.in.sin_family = AF_INET;
    a.peer.in.sin_addr.s_addr = htonl(ip);
    a.peer.in.sin_port = htons(port);
    return a;
}

static enum lk_hello_verdict hear(struct lk_address a, struct lk_bytes bytes, uint64_t now,
                                  SSL **ssl)
{
    door->out.count = 0;
    return lk_hello_hear(&door->hello, ctx, &a, bytes, now, ssl);
}

/* The client's next flight, one datagram. */
static struct lk_test_datagram next_flight(const struct lk_test_wire *in)
{
    client->out.count = 0;
    assert_int_equal(lk_test_client_step(client, in), 0);
    assert_int_equal(client->out.count, 1);
    return client->out.datagram[0];
}

static struct lk_test_datagram first_hello(void)
{
    return next_flight(&(struct lk_test_wire){0});
}

static struct lk_test_datagram second_hello(struct lk_address a, uint64_t now)
{
    struct lk_test_datagram hello = first_hello();
    SSL *ssl = NULL;
    assert_int_equal(hear(a, lk_bytes_of(hello.data, hello.len), now, &ssl), LK_HELLO_ASKED);
    return next_flight(&door->out);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void hello_asks_a_stranger_for_a_cookie(void **state)
{
    (void)state;
    struct lk_test_datagram hello = first_hello();
    SSL *ssl = NULL;
    assert_int_equal(hear(from(1, 1), lk_bytes_of(hello.data, hello.len), NOW, &ssl),
                     LK_HELLO_ASKED);
    assert_null(ssl);
    assert_int_equal(door->out.count, 1);
    assert_true(door->out.datagram[0].len <= hello.len);
    assert_int_equal(door->out.datagram[0].data[13], 3); /* hello_verify_request */
}

static void hello_lets_in_who_echoes_the_cookie(void **state)
{
    (void)state;
    struct lk_test_datagram hello = second_hello(from(1, 1), NOW);
    SSL *ssl = NULL;
    assert_int_equal(hear(from(1, 1), lk_bytes_of(hello.data, hello.len), NOW, &ssl),
                     LK_HELLO_PROVED);
    assert_non_null(ssl);
    assert_int_equal(SSL_get_error(ssl, SSL_do_handshake(ssl)), SSL_ERROR_WANT_READ);
    assert_true(door->out.count >= 1); /* the server's flight */
    assert_int_equal(door->out.datagram[0].data[13], 2); /* server_hello */
    SSL_free(ssl);
}

static void assert_asked_again(struct lk_address a, struct lk_bytes hello, uint64_t now)
{
    SSL *ssl = NULL;
    assert_int_equal(hear(a, hello, now, &ssl), LK_HELLO_ASKED);
    assert_null(ssl);
}

static void hello_binds_the_cookie_to_address_port_and_random(void **state)
{
    (void)state;
    struct lk_test_datagram hello = second_hello(from(1, 1), NOW);
    struct lk_bytes bytes = lk_bytes_of(hello.data, hello.len);
    assert_asked_again(from(2, 1), bytes, NOW);
    assert_asked_again(from(1, 2), bytes, NOW);
    hello.data[RANDOM_AT] ^= 1;
    assert_asked_again(from(1, 1), bytes, NOW);
    hello.data[RANDOM_AT] ^= 1;
    SSL *ssl = NULL;
    assert_int_equal(hear(from(1, 1), bytes, NOW, &ssl), LK_HELLO_PROVED);
    SSL_free(ssl);
}

static void hello_cookie_lives_two_periods_at_most(void **state)
{
    (void)state;
    uint64_t period = LK_COOKIE_PERIOD_NS;
    struct lk_test_datagram hello = second_hello(from(1, 1), NOW);
    struct lk_bytes bytes = lk_bytes_of(hello.data, hello.len);
    SSL *ssl = NULL;
    assert_int_equal(hear(from(1, 1), bytes, NOW + period, &ssl), LK_HELLO_PROVED);
    SSL_free(ssl);
    assert_asked_again(from(1, 1), bytes, NOW + 2 * period);
}

static void hello_cookie_is_gone_after_a_long_silence(void **state)
{
    (void)state;
    struct lk_test_datagram hello = second_hello(from(1, 1), NOW);
    assert_asked_again(from(1, 1), lk_bytes_of(hello.data, hello.len),
                       NOW + 2 * LK_COOKIE_PERIOD_NS);
}

static void hello_renews_its_session_under_another_context(void **state)
{
    (void)state;
    struct lk_test_datagram hello = second_hello(from(1, 1), NOW);
    SSL_CTX *old = ctx;
    ctx = SSL_CTX_new(DTLS_server_method());
    use_file(SSL_CTX_use_certificate_file, "server.crt");
    use_file(SSL_CTX_use_PrivateKey_file, "server.key");
    lk_hello_context(ctx);
    SSL *ssl = NULL;
    assert_int_equal(hear(from(1, 1), lk_bytes_of(hello.data, hello.len), NOW, &ssl),
                     LK_HELLO_PROVED);
    assert_ptr_equal(SSL_get_SSL_CTX(ssl), ctx);
    SSL_free(ssl);
    SSL_CTX_free(old);
}

/* 10,000 strangers who never come back, each from an address and with a random of its own. */
static void hello_keeps_nothing_of_strangers(void **state)
{
    (void)state;
    unsigned seed = 7;
    printf("seed %u\n", seed);
    struct lk_test_datagram hello = first_hello();
    uint64_t in = 0;
    long before = 0;
    door->out.bytes = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        for (size_t at = 0; at < 32; at++)
            hello.data[RANDOM_AT + at] = (uint8_t)rand_r(&seed);
        assert_asked_again(from(i, (uint16_t)i), lk_bytes_of(hello.data, hello.len), NOW);
        if (i == 10) before = live_bytes;
        in += hello.len;
    }
    assert_int_equal(live_bytes, before);
    assert_true(door->out.bytes <= in);
}

/* Truncated and altered hellos: never more out than in, never a session, nothing stays. */
static void hello_survives_any_bytes(void **state)
{
    (void)state;
    unsigned seed = 11;
    printf("seed %u\n", seed);
    const struct lk_test_datagram hello = second_hello(from(1, 1), NOW);
    for (size_t len = 0; len < hello.len; len++) {
        SSL *ssl = NULL;
        door->out.bytes = 0;
        assert_int_not_equal(hear(from(2, 2), lk_bytes_of(hello.data, len), NOW, &ssl),
                             LK_HELLO_PROVED);
        assert_true(door->out.bytes <= len);
    }
    long before = live_bytes;
    for (int i = 0; i < 5000; i++) {
        struct lk_test_datagram bad = hello;
        for (int flips = 1 + rand_r(&seed) % 3; flips > 0; flips--)
            bad.data[(size_t)rand_r(&seed) % hello.len] = (uint8_t)rand_r(&seed);
        SSL *ssl = NULL;
        door->out.bytes = 0;
        assert_int_not_equal(hear(from(2, 2), lk_bytes_of(bad.data, bad.len), NOW, &ssl),
                             LK_HELLO_PROVED);
        assert_true(door->out.bytes <= bad.len);
    }
    assert_true(live_bytes - before < 1024);
}

static void hello_random_is_found_in_hellos_only(void **state)
{
    (void)state;
    struct lk_test_datagram hello = first_hello();
    assert_ptr_equal(lk_hello_random(lk_bytes_of(hello.data, hello.len)), hello.data + RANDOM_AT);
    assert_null(lk_hello_random(lk_bytes_of(hello.data, RANDOM_AT + 31)));
    hello.data[4] = 1; /* epoch */
    assert_null(lk_hello_random(lk_bytes_of(hello.data, hello.len)));
    hello.data[4] = 0;
    hello.data[0] = 23;
    assert_null(lk_hello_random(lk_bytes_of(hello.data, hello.len)));
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1) return 1;
    const struct CMUnitTest tests[] = {
        T(hello_asks_a_stranger_for_a_cookie),
        T(hello_lets_in_who_echoes_the_cookie),
        T(hello_binds_the_cookie_to_address_port_and_random),
        T(hello_cookie_lives_two_periods_at_most),
        T(hello_cookie_is_gone_after_a_long_silence),
        T(hello_renews_its_session_under_another_context),
        T(hello_keeps_nothing_of_strangers),
        T(hello_survives_any_bytes),
        T(hello_random_is_found_in_hellos_only),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_test_pki_gone();
    return failed;
}
