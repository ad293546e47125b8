/* The plain transport without a loop; the intake is played by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/clock.h"
#include "io/intake.h"
#include "io/transport.h"
#include "io/view.h"

#define FD 5

/* Capabilities of lurk, whose state is 9 8 7 6. */
static const uint8_t lurk[] = {0, 0, 9, 8, 7, 6};
#define FORM {lurk, sizeof lurk}
static struct lk_edge the_edge = {
    .name = "plain", .capabilities = {[LK_EXTENSION_LURK] = {FORM, FORM, FORM}}};
static size_t answer_bytes;
static unsigned shorts;

const struct lk_edge *__wrap_lk_policy_edge(const struct lk_policy *policy, const char *identity);
const struct lk_edge *__wrap_lk_policy_edge(const struct lk_policy *policy, const char *identity)
{
    (void)policy;
    return strcmp(identity, LK_PLAIN_IDENTITY) == 0 ? &the_edge : NULL;
}

void __wrap_lk_intake_message(struct lk_conn *conn, struct lk_bytes message, uint64_t tag);
void __wrap_lk_intake_message(struct lk_conn *conn, struct lk_bytes message, uint64_t tag)
{
    static const uint8_t payload[2048];
    if (message.len < LK_HEADER_BYTES) {
        shorts++;
        return;
    }
    struct lk_answer a = {.tag = tag};
    struct lk_cursor c = lk_cursor_of(message);
    lk_header_read(&c, &a.header);
    a.header.status = LK_STATUS_SUCCESS;
    a.header.length = (uint32_t)answer_bytes;
    a.payload = lk_bytes_of(payload, answer_bytes - LK_HEADER_BYTES);
    conn->transport->answer(conn, &a);
}

static struct lk_peers peers;
static struct lk_counters counters;
static struct lk_conf conf;
static struct lk_view view;

static int make(void **state)
{
    (void)state;
    conf = (struct lk_conf){.handshake_ms = 1000, .idle_s = 10, .dtls_mtu = 1200};
    view = (struct lk_view){.generation = 1, .conf = &conf};
    assert_int_equal(lk_peers_init(&peers, &view, &counters, 16), LK_OK);
    peers.now_ns = LK_NS_PER_S;
    return lk_transport_udp.start(&peers);
}

static int unmake(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < peers.conn_max; i++)
        lk_conn_drop(&peers.conn[i]);
    while (peers.datagrams_first != NULL) {
        struct lk_out *out = peers.datagrams_first;
        peers.datagrams_first = out->next;
        lk_out_release(&peers.outs, out);
    }
    lk_transport_udp.stop(&peers);
    lk_peers_fini(&peers);
    return 0;
}

static void hear(uint16_t port, size_t len)
{
    uint8_t m[64] = {1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, (uint8_t)len};
    struct lk_address from = {0};
    from.peer.in.sin_family = AF_INET;
    from.peer.in.sin_port = htons(port);
    lk_transport_udp.heard(&peers, FD, &from, lk_bytes_of(m, len));
    lk_peers_flush(&peers);
}

static void udp_answers_to_the_sender(void **state)
{
    (void)state;
    answer_bytes = 48;
    hear(1000, 16);
    struct lk_out *out = peers.datagrams_first;
    assert_non_null(out);
    assert_null(out->next);
    assert_int_equal(out->len, 48);
    assert_int_equal(out->fd, FD);
    assert_int_equal(out->to.peer.in.sin_port, htons(1000));
    assert_int_equal(out->data[3], LK_STATUS_SUCCESS);
}

static void udp_answer_never_grows_more_than_three_times(void **state)
{
    (void)state;
    answer_bytes = 49;
    hear(1000, 16);
    struct lk_out *out = peers.datagrams_first;
    assert_non_null(out);
    static const uint8_t fault[20] = {0, 1, 2, 5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 20, 9, 8, 7, 6};
    assert_int_equal(out->len, sizeof fault);
    assert_memory_equal(out->data, fault, sizeof fault);
}

static void udp_short_datagrams_get_no_answer(void **state)
{
    (void)state;
    shorts = 0;
    hear(1000, 15);
    assert_int_equal(shorts, 1);
    assert_null(peers.datagrams_first);
}

static void udp_peer_is_an_address_until_it_idles(void **state)
{
    (void)state;
    answer_bytes = 16;
    hear(1000, 16);
    hear(1000, 16);
    hear(1001, 16);
    assert_int_equal(peers.conn_count, 2);
    peers.now_ns += 11 * LK_NS_PER_S;
    lk_peers_expire(&peers);
    lk_peers_flush(&peers);
    assert_int_equal(peers.gone_count, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(udp_answers_to_the_sender),
        T(udp_answer_never_grows_more_than_three_times),
        T(udp_short_datagrams_get_no_answer),
        T(udp_peer_is_an_address_until_it_idles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
