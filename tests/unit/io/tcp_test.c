/* Messages over a bare stream, as a test build has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "io/intake.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};

/* Of a peer under this view; *conn is NULL when the transport refused it. */
static void open_peer(struct lk_peers *peers, struct lk_intake *intake, const char *edges,
                      struct lk_conn **conn)
{
    static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};
    struct lk_view *view = lk_test_view(
        &(struct lk_test_view_conf){.generation = 1, .edges = edges});
    assert_int_equal(lk_peers_init(peers, view, calloc(1, sizeof(struct lk_counters)), 4), LK_OK);
    assert_int_equal(lk_intake_init(intake, 0, 1, 64, 4), LK_OK);
    peers->intake = intake;
    peers->now_ns = LK_NS_PER_S;
    *conn = lk_conn_take(peers, &lk_transport_tcp, &address);
    if (lk_transport_tcp.accept(*conn)) return;
    lk_conn_drop(*conn);
    lk_conn_release(*conn);
    *conn = NULL;
}

static void close_peer(struct lk_peers *peers, struct lk_intake *intake, struct lk_conn *conn)
{
    if (conn != NULL) {
        lk_conn_drop(conn);
        lk_conn_release(conn);
    }
    assert_int_equal(peers->outs.used, 0);
    struct lk_view *view = (struct lk_view *)peers->view;
    free(peers->counters);
    lk_intake_fini(intake);
    lk_peers_fini(peers);
    lk_view_free(view);
}

static void tcp_answers_in_one_send(void **state)
{
    (void)state;
    struct lk_peers peers;
    struct lk_intake intake;
    struct lk_conn *conn;
    uint8_t three[48];
    for (size_t i = 0; i < 3; i++)
        memcpy(three + 16 * i, ping, 16);
    open_peer(&peers, &intake, NULL, &conn);
    assert_non_null(conn);
    lk_transport_tcp.recv(conn, lk_bytes_of(three, sizeof three));
    lk_peers_flush(&peers);
    assert_non_null(conn->out_first);
    assert_null(conn->out_first->next);
    assert_int_equal(conn->out_first->len, 48);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(conn->out_first->data + 16 * i, pong, 16);
    close_peer(&peers, &intake, conn);
}

static void tcp_serves_nobody_unless_an_edge_says_so(void **state)
{
    (void)state;
    struct lk_peers peers;
    struct lk_intake intake;
    struct lk_conn *conn;
    open_peer(&peers, &intake, "- {name: one, tenant: a, match: 'uri:lurk://edge/1'}\n", &conn);
    assert_null(conn);
    close_peer(&peers, &intake, conn);
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
        cmocka_unit_test(tcp_answers_in_one_send),
        cmocka_unit_test(tcp_serves_nobody_unless_an_edge_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
