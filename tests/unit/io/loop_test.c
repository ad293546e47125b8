/* One loop with TLS on loopback: what an edge sees. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};

static void ping_over(int version)
{
    struct lk_test_front front;
    struct lk_test_edge edge;
    uint8_t answer[16];
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", version));
    assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
    assert_true(lk_test_edge_get(&edge, answer, sizeof answer));
    assert_memory_equal(answer, pong, sizeof pong);
    assert_int_equal(lk_test_front_count(&front, LK_C_HANDSHAKES_GOOD), 1);
    lk_test_edge_close(&edge);
    assert_true(lk_test_front_reaches(&front, LK_C_CONNS_CLOSED, 1));
    lk_test_front_stop(&front);
}

/* Our end of the edge's connection: the loop lives in this process. */
static int accepted_socket(const struct lk_test_edge *edge)
{
    struct sockaddr_in client, peer;
    socklen_t len = sizeof client;
    assert_int_equal(getsockname(edge->fd, (struct sockaddr *)&client, &len), 0);
    for (int fd = 3; fd < 1024; fd++) {
        len = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            peer.sin_port == client.sin_port)
            return fd;
    }
    return -1;
}

static int option_of(int fd, int level, int option)
{
    int value = 0;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value;
}

static void loop_sends_at_once_and_notices_a_dead_machine(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
    int fd = accepted_socket(&edge);
    assert_true(fd >= 0);
    assert_int_not_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_not_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    int dead_after_s = option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                       option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option_of(fd, IPPROTO_TCP, TCP_KEEPCNT);
    assert_in_range(dead_after_s, 30, 300);
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

static void loop_answers_ping_over_tls12(void **state)
{
    (void)state;
    ping_over(TLS1_2_VERSION);
}

static void loop_answers_ping_over_tls13(void **state)
{
    (void)state;
    ping_over(TLS1_3_VERSION);
}

/* --- requests with a key --------------------------------------------------------------------- */

#define MANY 1000
#define ANSWER_BYTES 64

static void put_requests(struct lk_test_edge *edge, uint32_t from, uint32_t count)
{
    static uint8_t stream[MANY * 343];
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++)
        len += lk_test_rsa_master(stream + len, from + i, (uint32_t)lk_clock_unix_s());
    assert_true(lk_test_edge_put(edge, stream, len));
}

/* Each id answered once, with what belongs to it. *disorder: they came in another order than
 * asked. */
static void get_answers(struct lk_test_edge *edge, uint32_t from, uint32_t count, bool *disorder)
{
    static bool seen[MANY];
    memset(seen, 0, sizeof seen);
    *disorder = false;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t answer[ANSWER_BYTES];
        assert_true(lk_test_edge_get(edge, answer, sizeof answer));
        static const uint8_t head[4] = {1, 1, 2, 1}, length[4] = {0, 0, 0, 64};
        assert_memory_equal(answer, head, 4);
        assert_memory_equal(answer + 12, length, 4);
        uint32_t id = (uint32_t)answer[10] << 8 | answer[11];
        assert_in_range(id, from, from + count - 1);
        assert_false(seen[id - from]);
        seen[id - from] = true;
        if (id != from + i) *disorder = true;
        /* client_random of the request, then 16 bytes of S: the worker sends the job's own bytes
         * back. */
        for (int b = 16; b < 48; b++)
            assert_int_equal(answer[b], 0xc1);
        for (int b = 52; b < 64; b++)
            assert_int_equal(answer[b], 0x5e);
    }
}

static void loop_answers_a_thousand_requests_in_few_records(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    bool disorder;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
    put_requests(&edge, 0, MANY);
    get_answers(&edge, 0, MANY, &disorder);
    assert_false(disorder);
    /* One record for a turn's answers; a turn finds more than one of them when they are this
     * many. */
    assert_true(lk_test_front_count(&front, LK_C_RECORDS_OUT) < MANY / 2);
    assert_int_equal(
        atomic_load(&front.counters->requests[LK_X_TLS12_RSA_MASTER][LK_STATUS_SUCCESS]), MANY);
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

static void loop_that_spins_answers_too(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    bool disorder;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1, .spin = true});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
    for (uint32_t i = 0; i < 20; i++) {
        put_requests(&edge, i, 1);
        get_answers(&edge, i, 1, &disorder);
    }
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

static void loop_answers_in_whatever_order_the_worker_does(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    bool disorder;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_2_VERSION));
    front.work = LK_WORK_HOLD;
    put_requests(&edge, 0, 100);
    while (atomic_load(&front.counters->ring_depth) < 100)
        sched_yield();
    front.work = LK_WORK_REVERSE;
    get_answers(&edge, 0, 100, &disorder);
    assert_true(disorder);
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

static void get_temporary(struct lk_test_edge *edge, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t answer[20];
        static const uint8_t head[4] = {0, 1, 2, 7};
        assert_true(lk_test_edge_get(edge, answer, sizeof answer));
        assert_memory_equal(answer, head, 4);
    }
}

static void loop_answers_for_an_epoch_that_ended(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    bool disorder;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
    front.work = LK_WORK_HOLD;
    put_requests(&edge, 0, 50);
    while (atomic_load(&front.counters->ring_depth) < 50)
        sched_yield();
    lk_test_front_epoch(&front);
    get_temporary(&edge, 50);
    assert_int_equal(lk_test_front_count(&front, LK_C_REFUSED_EPOCH), 50);
    front.work = LK_WORK_ANSWER;
    put_requests(&edge, 100, 50);
    get_answers(&edge, 100, 50, &disorder);
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

static void loop_tells_of_a_vault_that_lies(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_int_equal(lk_loop_broken_epoch(front.loop), 0);
    front.work = LK_WORK_ABSURD;
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
    put_requests(&edge, 0, 1);
    uint64_t until = lk_clock_now_ns() + 30 * LK_NS_PER_S;
    while (lk_loop_broken_epoch(front.loop) == 0 && lk_clock_now_ns() < until)
        sched_yield();
    assert_int_equal(lk_loop_broken_epoch(front.loop), 1);
    front.work = LK_WORK_HOLD;
    lk_test_front_epoch(&front);
    get_temporary(&edge, 1);
    assert_int_equal(lk_loop_broken_epoch(front.loop), 0);
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

/* --- peers ---------------------------------------------------------------------------------- */

static void loop_refuses_a_peer_without_a_certificate(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_false(lk_test_edge_connect(&edge, &front, NULL, TLS1_2_VERSION));
    assert_true(lk_test_front_reaches(&front, LK_C_HANDSHAKES_NO_CERT, 1));
    lk_test_edge_close(&edge);
    lk_test_edge_connect(&edge, &front, "edge-2", TLS1_3_VERSION);
    assert_true(lk_test_edge_ended(&edge));
    assert_int_equal(lk_test_front_count(&front, LK_C_HANDSHAKES_UNKNOWN_EDGE), 1);
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

static void loop_gives_each_place_to_the_next_peer(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    uint8_t answer[16];
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    for (int i = 0; i < 150; i++) { /* the table has 64 places */
        assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
        assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
        assert_true(lk_test_edge_get(&edge, answer, sizeof answer));
        lk_test_edge_close(&edge);
        assert_true(lk_test_front_reaches(&front, LK_C_CONNS_CLOSED, (uint64_t)i + 1));
    }
    assert_int_equal(lk_test_front_count(&front, LK_C_CONNS_OPENED), 150);
    lk_test_front_stop(&front);
}

static void loop_answer_to_a_lost_cut_arrives(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge edge;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", TLS1_3_VERSION));
    uint8_t stream[8192] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 1};
    assert_true(lk_test_edge_put(&edge, stream, sizeof stream));
    uint8_t answer[20];
    static const uint8_t head[16] = {0, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20};
    assert_true(lk_test_edge_get(&edge, answer, sizeof answer));
    assert_memory_equal(answer, head, sizeof head);
    assert_true(lk_test_edge_ended(&edge));
    /* What is still on its way is read and forgotten: a plain close would answer it with a reset, and
     * on a longer path that reset may overtake the answer. */
    uint64_t before = lk_test_front_count(&front, LK_C_BYTES_IN);
    assert_int_equal(send(edge.fd, stream, sizeof stream, MSG_NOSIGNAL), sizeof stream);
    assert_true(lk_test_front_reaches(&front, LK_C_BYTES_IN, before + sizeof stream));
    lk_test_edge_close(&edge);
    lk_test_front_stop(&front);
}

/* --- orders --------------------------------------------------------------------------------- */

static void loop_drain_answers_what_it_took_and_closes(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge busy, idle;
    bool disorder;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&busy, &front, "edge-1", TLS1_3_VERSION));
    assert_true(lk_test_edge_connect(&idle, &front, "edge-1", TLS1_2_VERSION));
    front.work = LK_WORK_HOLD;
    put_requests(&busy, 0, 20);
    while (atomic_load(&front.counters->ring_depth) < 20)
        sched_yield();
    lk_test_front_order(&front, LK_ORDER_DRAIN, NULL);
    assert_true(lk_test_edge_ended(&idle));
    front.work = LK_WORK_ANSWER;
    get_answers(&busy, 0, 20, &disorder);
    assert_true(lk_test_edge_ended(&busy));
    lk_test_edge_close(&busy);
    lk_test_edge_close(&idle);
    uint64_t until = lk_clock_now_ns() + 30 * LK_NS_PER_S;
    while (lk_loop_conns(front.loop) > 0 && lk_clock_now_ns() < until)
        sched_yield();
    assert_int_equal(lk_loop_conns(front.loop), 0);
    lk_test_front_stop(&front);
}

static void loop_closes_who_is_no_longer_allowed(void **state)
{
    (void)state;
    struct lk_test_front front;
    struct lk_test_edge gone;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&gone, &front, "edge-1", TLS1_3_VERSION));
    assert_true(lk_test_front_reaches(&front, LK_C_HANDSHAKES_GOOD, 1));
    struct lk_view *old = front.view;
    front.view = lk_test_view(&(struct lk_test_view_conf){
        .generation = 2, .edges = "- {name: two, tenant: a, match: 'uri:lurk://edge/2'}\n"});
    lk_test_front_order(&front, LK_ORDER_VIEW, front.view);
    lk_view_free(old);
    assert_true(lk_test_edge_ended(&gone));
    lk_test_edge_close(&gone);
    lk_test_front_stop(&front);
}

static int clean(void **state)
{
    (void)state;
    lk_test_pki_gone();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_answers_ping_over_tls12),
        cmocka_unit_test(loop_answers_ping_over_tls13),
        cmocka_unit_test(loop_sends_at_once_and_notices_a_dead_machine),
        cmocka_unit_test(loop_answers_a_thousand_requests_in_few_records),
        cmocka_unit_test(loop_that_spins_answers_too),
        cmocka_unit_test(loop_answers_in_whatever_order_the_worker_does),
        cmocka_unit_test(loop_answers_for_an_epoch_that_ended),
        cmocka_unit_test(loop_tells_of_a_vault_that_lies),
        cmocka_unit_test(loop_refuses_a_peer_without_a_certificate),
        cmocka_unit_test(loop_gives_each_place_to_the_next_peer),
        cmocka_unit_test(loop_answer_to_a_lost_cut_arrives),
        cmocka_unit_test(loop_drain_answers_what_it_took_and_closes),
        cmocka_unit_test(loop_closes_who_is_no_longer_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
