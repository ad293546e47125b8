#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <string.h>

#include "tests/support/dtls_client.h"

static struct sink {
    struct lk_datagram datagram; /* first */
    struct lk_test_wire out;
    bool full;
} sink;
static BIO *bio;
static SSL_CTX *ctx;
static SSL *ssl;

static bool put(struct lk_datagram *datagram, struct lk_bytes bytes)
{
    struct sink *s = (struct sink *)datagram;
    return !s->full && lk_test_wire_put(&s->out, bytes);
}

static int make(void **state)
{
    (void)state;
    memset(&sink, 0, sizeof sink);
    assert_int_equal(lk_datagram_open(&sink.datagram, put), LK_OK);
    ctx = SSL_CTX_new(DTLS_method());
    ssl = SSL_new(ctx);
    assert_true(lk_datagram_attach(&sink.datagram, ssl));
    bio = SSL_get_rbio(ssl);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    lk_datagram_close(&sink.datagram);
    return 0;
}

static void datagram_write_is_one_datagram(void **state)
{
    (void)state;
    assert_int_equal(BIO_write(bio, "one", 3), 3);
    assert_int_equal(BIO_write(bio, "second", 6), 6);
    assert_int_equal(sink.out.count, 2);
    assert_int_equal(sink.out.datagram[0].len, 3);
    assert_memory_equal(sink.out.datagram[1].data, "second", 6);
}

static void datagram_read_takes_it_whole(void **state)
{
    (void)state;
    char to[8];
    sink.datagram.in = lk_bytes_of("abcdef", 6);
    assert_int_equal(BIO_read(bio, to, sizeof to), 6);
    assert_int_equal(BIO_read(bio, to, sizeof to), -1);
    assert_true(BIO_should_retry(bio));
}

static void datagram_read_never_runs_into_the_next(void **state)
{
    (void)state;
    char to[4];
    sink.datagram.in = lk_bytes_of("abcdef", 6);
    assert_int_equal(BIO_read(bio, to, sizeof to), 4);
    assert_memory_equal(to, "abcd", 4);
    assert_int_equal(BIO_read(bio, to, sizeof to), -1);
}

static void datagram_lost_is_not_an_error(void **state)
{
    (void)state;
    sink.full = true;
    assert_int_equal(BIO_write(bio, "one", 3), 3);
    assert_int_equal(sink.datagram.lost, 1);
    assert_false(BIO_should_retry(bio));
}

static void datagram_allowance_bounds_what_goes_out(void **state)
{
    (void)state;
    sink.datagram.allowance = 5;
    assert_int_equal(BIO_write(bio, "one", 3), 3);
    assert_int_equal(BIO_write(bio, "two", 3), 3);
    assert_int_equal(sink.out.count, 1);
    assert_int_equal(sink.datagram.allowance, 2);
    assert_int_equal(sink.datagram.lost, 1);
}

static void datagram_answers_questions_about_the_path(void **state)
{
    (void)state;
    assert_int_equal(BIO_ctrl(bio, BIO_CTRL_DGRAM_QUERY_MTU, 0, NULL), LK_DATAGRAM_BYTES_MAX);
    lk_datagram_path(&sink.datagram, 9000);
    assert_int_equal(BIO_ctrl(bio, BIO_CTRL_DGRAM_QUERY_MTU, 0, NULL), LK_DATAGRAM_BYTES_MAX);
    lk_datagram_path(&sink.datagram, 1200);
    assert_int_equal(BIO_ctrl(bio, BIO_CTRL_DGRAM_QUERY_MTU, 0, NULL), 1200);
    assert_int_equal(BIO_ctrl(bio, BIO_CTRL_DGRAM_GET_FALLBACK_MTU, 0, NULL), 1200);
    assert_int_equal(BIO_flush(bio), 1);
    assert_int_equal(BIO_ctrl(bio, 12345, 0, NULL), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(datagram_write_is_one_datagram),
        T(datagram_read_takes_it_whole),
        T(datagram_read_never_runs_into_the_next),
        T(datagram_lost_is_not_an_error),
        T(datagram_allowance_bounds_what_goes_out),
        T(datagram_answers_questions_about_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
