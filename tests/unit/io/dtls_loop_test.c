/* One loop with DTLS on loopback: what an edge sees over real sockets, with the real intake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/wire/registry.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

static struct lk_test_front front;
static struct lk_test_edge edge;

static int make(void **state)
{
    (void)state;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", DTLS1_2_VERSION));
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
    return 0;
}

static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};

/* The next datagram's record; its length. */
static int get(uint8_t *to, int room)
{
    return SSL_read(edge.ssl, to, room);
}

static void assert_pong(void)
{
    uint8_t answer[64];
    assert_int_equal(get(answer, sizeof answer), sizeof pong);
    assert_memory_equal(answer, pong, sizeof pong);
}

static void dtls_loop_answers_ping(void **state)
{
    (void)state;
    assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
    assert_pong();
    assert_int_equal(lk_test_front_count(&front, LK_C_HANDSHAKES_GOOD), 1);
    assert_int_equal(lk_test_front_count(&front, LK_C_COOKIES_SENT), 1);
}

static void dtls_loop_judges_the_length(void **state)
{
    (void)state;
    uint8_t m[17] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16}, answer[64];
    assert_true(lk_test_edge_put(&edge, m, 15));
    assert_true(lk_test_front_reaches(&front, LK_C_DROPPED_SHORT, 1));
    assert_true(lk_test_edge_put(&edge, m, 17)); /* a byte behind the message */
    assert_int_equal(get(answer, sizeof answer), 20);
    assert_int_equal(answer[0], 0);
    assert_int_equal(answer[2], 1);
    assert_int_equal(answer[3], LK_STATUS_INVALID_FORMAT);
    m[15] = 17; /* says more than the datagram has */
    assert_true(lk_test_edge_put(&edge, m, 16));
    assert_int_equal(get(answer, sizeof answer), 20);
    assert_int_equal(answer[3], LK_STATUS_INVALID_FORMAT);
    assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
    assert_pong();
}

#define MANY 100

/* Requests that need the worker, all at once, each answered once with its own secret. */
static void dtls_loop_answers_every_request_once(void **state)
{
    (void)state;
    uint8_t m[512], answer[512];
    uint32_t now = (uint32_t)lk_clock_unix_s();
    bool seen[MANY] = {false};
    front.work = LK_WORK_REVERSE;
    for (uint64_t id = 0; id < MANY; id++)
        assert_true(lk_test_edge_put(&edge, m, lk_test_rsa_master(m, id, now)));
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(get(answer, sizeof answer), 16 + 48);
        assert_int_equal(answer[3], LK_STATUS_SUCCESS);
        assert_false(seen[answer[11]]);
        seen[answer[11]] = true;
    }
    assert_int_equal(front.worked, MANY);
}

static void dtls_loop_works_a_repeated_request_once(void **state)
{
    (void)state;
    uint8_t m[512], first[512], again[512];
    size_t len = lk_test_rsa_master(m, 9, (uint32_t)lk_clock_unix_s());
    front.work = LK_WORK_HOLD;
    assert_true(lk_test_edge_put(&edge, m, len));
    assert_true(lk_test_edge_put(&edge, m, len));
    assert_true(lk_test_front_reaches(&front, LK_C_DROPPED_REPEAT, 1));
    front.work = LK_WORK_ANSWER;
    assert_int_equal(get(first, sizeof first), 64);
    assert_true(lk_test_edge_put(&edge, m, len));
    assert_int_equal(get(again, sizeof again), 64);
    assert_memory_equal(again, first, 64);
    assert_int_equal(front.worked, 1);
    assert_int_equal(lk_test_front_count(&front, LK_C_CACHE_HITS), 1);
}

/* The vault is replaced: what it had is answered at once and not kept, the repeat goes to the new
 * one. */
static void dtls_loop_answers_what_a_lost_epoch_held(void **state)
{
    (void)state;
    uint8_t m[512], answer[512];
    size_t len = lk_test_rsa_master(m, 9, (uint32_t)lk_clock_unix_s());
    front.work = LK_WORK_HOLD;
    assert_true(lk_test_edge_put(&edge, m, len));
    assert_true(lk_test_edge_put(&edge, m, len));
    assert_true(lk_test_front_reaches(&front, LK_C_DROPPED_REPEAT, 1));
    lk_test_front_epoch(&front);
    assert_int_equal(get(answer, sizeof answer), 20);
    assert_int_equal(answer[0], LK_EXT_LURK);
    assert_int_equal(answer[3], LK_LURK_TEMPORARY_FAILURE);
    front.work = LK_WORK_ANSWER;
    assert_true(lk_test_edge_put(&edge, m, len));
    assert_int_equal(get(answer, sizeof answer), 64);
    assert_int_equal(answer[3], LK_STATUS_SUCCESS);
}

static void dtls_loop_draining_says_bye_and_falls_silent(void **state)
{
    (void)state;
    uint8_t answer[64];
    assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
    assert_pong();
    lk_test_front_order(&front, LK_ORDER_DRAIN, NULL);
    assert_int_equal(SSL_get_error(edge.ssl, get(answer, sizeof answer)), SSL_ERROR_ZERO_RETURN);
    assert_true(lk_test_front_reaches(&front, LK_C_CONNS_CLOSED, 1));
    struct lk_test_client *late = lk_test_client_new("edge-1");
    struct lk_test_wire none = {0};
    assert_int_equal(lk_test_client_step(late, &none), 0);
    uint64_t heard = lk_test_front_count(&front, LK_C_BYTES_IN);
    assert_true(send(edge.fd, late->out.datagram[0].data, late->out.datagram[0].len, 0) > 0);
    assert_true(lk_test_front_reaches(&front, LK_C_BYTES_IN, heard + late->out.datagram[0].len));
    assert_int_equal(lk_test_front_count(&front, LK_C_COOKIES_SENT), 1);
    lk_test_client_free(late);
}

static void dtls_loop_refuses_who_shows_no_certificate(void **state)
{
    (void)state;
    struct lk_test_edge stranger;
    assert_false(lk_test_edge_connect(&stranger, &front, NULL, DTLS1_2_VERSION));
    assert_true(lk_test_front_reaches(&front, LK_C_HANDSHAKES_NO_CERT, 1));
    lk_test_edge_close(&stranger);
}

static void dtls_loop_restarted_edge_comes_back_from_its_port(void **state)
{
    (void)state;
    struct sockaddr_in own;
    socklen_t bytes = sizeof own;
    assert_int_equal(getsockname(edge.fd, (struct sockaddr *)&own, &bytes), 0);
    SSL *old = edge.ssl;
    edge.ssl = SSL_new(edge.ctx);
    BIO *bio = SSL_get_rbio(old);
    BIO_up_ref(bio);
    SSL_set_bio(edge.ssl, bio, bio);
    SSL_free(old);
    assert_int_equal(SSL_connect(edge.ssl), 1);
    assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
    assert_pong();
    assert_int_equal(lk_test_front_count(&front, LK_C_CONNS_CLOSED), 1);
    assert_int_equal(lk_test_front_count(&front, LK_C_HANDSHAKES_GOOD), 2);
}

static int clean(void **state)
{
    (void)state;
    lk_test_pki_gone();
    return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(dtls_loop_answers_ping),
        T(dtls_loop_judges_the_length),
        T(dtls_loop_answers_every_request_once),
        T(dtls_loop_works_a_repeated_request_once),
        T(dtls_loop_answers_what_a_lost_epoch_held),
        T(dtls_loop_draining_says_bye_and_falls_silent),
        T(dtls_loop_refuses_who_shows_no_certificate),
        T(dtls_loop_restarted_edge_comes_back_from_its_port),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
