/* Peers by index and generation, what one may hold of the output, and the deadlines of streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/base/clock.h"
#include "io/transport.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

#define START_NS (1000 * LK_NS_PER_S)
#define PEERS 4

static void nothing(struct lk_conn *conn)
{
    (void)conn;
}

static const struct lk_transport transport = {
    .name = "test", .flush = nothing, .due = lk_conn_stream_due, .bye = nothing, .fini = nothing};
static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};

struct table {
    struct lk_peers peers;
    struct lk_view *view;
    struct lk_counters *counters;
};

static int open_table(void **state)
{
    struct table *t = calloc(1, sizeof *t);
    *state = t;
    t->view = lk_test_view(&(struct lk_test_view_conf){.generation = 1});
    t->counters = calloc(1, sizeof *t->counters);
    assert_int_equal(lk_peers_init(&t->peers, t->view, t->counters, PEERS), LK_OK);
    t->peers.now_ns = START_NS;
    return 0;
}

static int close_table(void **state)
{
    struct table *t = *state;
    for (uint32_t i = 0; i < PEERS; i++)
        lk_conn_drop(&t->peers.conn[i]);
    lk_peers_fini(&t->peers);
    lk_view_free(t->view);
    free(t->counters);
    free(t);
    return 0;
}

static struct lk_conn *take(struct table *t)
{
    struct lk_conn *conn = lk_conn_take(&t->peers, &transport, &address);
    LK_ASSERT(conn != NULL);
    return conn;
}

static struct lk_conn *take_proved(struct table *t)
{
    struct lk_conn *conn = take(t);
    assert_true(lk_conn_proved(conn, "uri:lurk://edge/1"));
    return conn;
}

static void drop(struct table *t, struct lk_conn *conn)
{
    lk_conn_drop(conn);
    lk_conn_release(conn);
    t->peers.gone_count = 0;
}

/* Answers name peers by index and generation: the next one of a place is another. */
static void conn_of_a_place_is_never_its_former_one(void **state)
{
    struct table *t = *state;
    for (int i = 0; i < 100; i++) {
        struct lk_conn *conn = take_proved(t);
        uint32_t index = conn->index, generation = conn->generation;
        assert_ptr_equal(lk_conn_find(&t->peers, index, generation), conn);
        drop(t, conn);
        assert_null(lk_conn_find(&t->peers, index, generation));
        struct lk_conn *next = take_proved(t);
        assert_int_equal(next->index, index);
        assert_null(lk_conn_find(&t->peers, index, generation));
        assert_ptr_equal(lk_conn_find(&t->peers, index, next->generation), next);
        drop(t, next);
    }
    assert_null(lk_conn_find(&t->peers, PEERS, 0));
    assert_null(lk_conn_find(&t->peers, UINT32_MAX, 1));
}

static void conn_table_has_an_end(void **state)
{
    struct table *t = *state;
    for (int i = 0; i < PEERS; i++)
        take_proved(t);
    assert_int_equal(t->counters->value[LK_C_CONNS_REFUSED], 0);
    assert_null(lk_conn_take(&t->peers, &transport, &address));
    assert_int_equal(t->counters->value[LK_C_CONNS_REFUSED], 1);
    assert_int_equal(t->counters->value[LK_C_CONNS_OPENED], PEERS);
    /* Who comes while the server ends is not one too many. */
    t->peers.draining = true;
    assert_null(lk_conn_take(&t->peers, &transport, &address));
    assert_int_equal(t->counters->value[LK_C_CONNS_REFUSED], 1);
}

/* Who shows no certificate keeps nobody out but its own network. */
static void conn_strangers_leave_places(void **state)
{
    struct table *t = *state;
    const struct lk_address other = {.peer.in = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000002)}}};
    take(t);
    struct lk_conn *second = take(t);
    assert_null(lk_conn_take(&t->peers, &transport, &address));
    struct lk_conn *heard = lk_conn_take(&t->peers, &transport, &other);
    assert_non_null(heard);
    assert_null(lk_conn_take(&t->peers, &transport, &other)); /* half of the table, whoever they are */
    assert_true(lk_conn_proved(heard, "uri:lurk://edge/1"));
    drop(t, second);
    take(t);
}

static void two_tenants(struct table *t)
{
    lk_view_free(t->view);
    t->view = lk_test_view(&(struct lk_test_view_conf){
        .generation = 2,
        .tenants = "[{name: a}, {name: b}]",
        .edges = "- {name: one, tenant: a, match: 'uri:lurk://edge/1'}\n"
                 "- {name: two, tenant: b, match: 'uri:lurk://edge/2'}\n"});
    t->peers.view = t->view;
}

static void conn_tenant_leaves_places(void **state)
{
    struct table *t = *state;
    two_tenants(t);
    struct lk_peers peers;
    assert_int_equal(lk_peers_init(&peers, t->view, t->counters, 64), LK_OK);
    struct lk_conn *conn;
    uint32_t held = 0;
    while ((conn = lk_conn_take(&peers, &transport, &address)) != NULL &&
           lk_conn_proved(conn, "uri:lurk://edge/1"))
        held++;
    assert_in_range(held, 32, 62);
    assert_non_null(conn);
    assert_true(lk_conn_proved(lk_conn_take(&peers, &transport, &address), "uri:lurk://edge/2"));
    for (uint32_t i = 0; i < 64; i++)
        lk_conn_drop(&peers.conn[i]);
    lk_peers_fini(&peers);
}

/* Slow readers of one tenant do not take the output of the other. */
static void conn_tenant_leaves_chunks(void **state)
{
    struct table *t = *state;
    two_tenants(t);
    struct lk_conn *one = take_proved(t);
    uint32_t held = 0;
    while (lk_out_take(&t->peers.outs, one->owner) != NULL)
        held++;
    assert_in_range(held, LK_OUTS_PER_LOOP / 2, LK_OUTS_PER_LOOP - 2);
    while (lk_part_take(&t->peers.parts, 1, one->owner) != NULL)
        continue;
    struct lk_conn *two = take(t);
    assert_true(lk_conn_proved(two, "uri:lurk://edge/2"));
    static const uint8_t answer[1000];
    assert_true(lk_conn_pend(two, answer, sizeof answer));
    assert_non_null(lk_part_take(&t->peers.parts, 1, two->owner));
}

/* A peer that does not read its answers. */
static void conn_output_ends_at_its_cap(void **state)
{
    struct table *t = *state;
    static const uint8_t answer[1000];
    struct lk_conn *conn = take_proved(t);
    size_t cap = t->view->conf->output_bytes_per_peer, held = 0;
    while (lk_conn_pend(conn, answer, sizeof answer)) {
        held += sizeof answer;
        assert_true(held <= cap);
    }
    assert_true(held > cap / 2);
    struct lk_conn *other = take_proved(t); /* and the next one has its share */
    assert_true(lk_conn_pend(other, answer, sizeof answer));
}

static void expire_at(struct table *t, uint64_t after_ns)
{
    t->peers.now_ns = START_NS + after_ns;
    lk_peers_expire(&t->peers);
}

static void conn_handshake_has_a_deadline(void **state)
{
    struct table *t = *state;
    struct lk_conn *conn = take(t);
    uint64_t handshake_ns = t->view->conf->handshake_ms * LK_NS_PER_MS;
    expire_at(t, handshake_ns - 1);
    assert_int_equal(conn->state, LK_CONN_HANDSHAKE);
    expire_at(t, handshake_ns);
    assert_int_equal(conn->state, LK_CONN_GONE);
    assert_int_equal(atomic_load(&t->counters->value[LK_C_HANDSHAKES_TIMEOUT]), 1);
}

static void conn_with_half_a_message_is_not_waited_for(void **state)
{
    struct table *t = *state;
    struct lk_conn *conn = take_proved(t);
    lk_conn_stream_due(conn);
    conn->head_len = 7;
    conn->part_since_ns = START_NS;
    uint64_t patience_ns = t->view->conf->handshake_ms * LK_NS_PER_MS;
    expire_at(t, patience_ns - 1);
    assert_int_equal(conn->state, LK_CONN_OPEN);
    expire_at(t, patience_ns);
    assert_int_equal(conn->state, LK_CONN_CLOSING);
}

static void conn_that_is_silent_ends(void **state)
{
    struct table *t = *state;
    struct lk_conn *conn = take_proved(t);
    lk_conn_stream_due(conn);
    uint64_t idle_ns = t->view->conf->idle_s * LK_NS_PER_S;
    expire_at(t, idle_ns - 1);
    assert_int_equal(conn->state, LK_CONN_OPEN);
    expire_at(t, idle_ns);
    assert_int_equal(conn->state, LK_CONN_CLOSING);
    expire_at(t, idle_ns + 60 * LK_NS_PER_S);
    assert_int_equal(conn->state, LK_CONN_GONE);
}

static int clean(void **state)
{
    (void)state;
    lk_test_pki_gone();
    return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(conn_of_a_place_is_never_its_former_one),
        T(conn_table_has_an_end),
        T(conn_strangers_leave_places),
        T(conn_tenant_leaves_places),
        T(conn_tenant_leaves_chunks),
        T(conn_output_ends_at_its_cap),
        T(conn_handshake_has_a_deadline),
        T(conn_with_half_a_message_is_not_waited_for),
        T(conn_that_is_silent_ends),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
