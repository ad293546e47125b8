/* Datagrams of anybody to a DTLS front, beside one honest edge: from its own address or another,
 * before its handshake, in it and after it. Strangers get no association and never more bytes than
 * they sent; the edge gets through, and its request is answered. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "io/intake.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FD 77
#define CONNS 8
#define PORTS 4 /* of strangers */
#define HOME 1000

static struct lk_peers peers;
static struct lk_intake intake;
static struct lk_counters counters;
static struct lk_test_client *client;
static struct lk_test_wire to_client;
static uint64_t sent_by[PORTS], got_by[PORTS];

static void open_all(void)
{
    if (client != NULL) return;
    lk_log_level((enum lk_log_level)-1); /* nothing at all */
    const struct lk_view *view = lk_test_view(&(struct lk_test_view_conf){.generation = 1});
    client = lk_test_client_new("edge-1");
    lk_test_pki_gone();
    peers.now_ns = 1000 * LK_NS_PER_S;
    LK_ASSERT(lk_peers_init(&peers, view, &counters, CONNS) == LK_OK);
    LK_ASSERT(lk_intake_init(&intake, 0, 1, 16, 2) == LK_OK);
    peers.intake = &intake;
    LK_ASSERT(lk_transport_dtls.start(&peers) == LK_OK);
}

static void hear(uint16_t port, struct lk_bytes bytes)
{
    struct lk_address from = {.peer.in = {.sin_family = AF_INET}};
    from.peer.in.sin_addr.s_addr = htonl(0x7f000001);
    from.peer.in.sin_port = htons(port);
    lk_transport_dtls.heard(&peers, FD, &from, bytes);
}

static void take_out(const struct lk_out *out)
{
    uint16_t port = ntohs(out->to.peer.in.sin_port);
    uint32_t piece = out->segment != 0 ? out->segment : out->len;
    if (port != HOME) {
        LK_ASSERT(port < PORTS);
        got_by[port] += out->len;
        return;
    }
    for (uint32_t at = 0; at < out->len; at += piece) {
        size_t len = out->len - at < piece ? out->len - at : piece;
        (void)lk_test_wire_put(&to_client, lk_bytes_of(out->data + at, len));
    }
}

static void end_turn(void)
{
    lk_peers_flush(&peers);
    peers.touched_count = 0;
    while (peers.datagrams_first != NULL) {
        struct lk_out *out = peers.datagrams_first;
        peers.datagrams_first = out->next;
        take_out(out);
        lk_out_release(&peers.outs, out);
    }
    peers.datagrams_last = NULL;
    for (uint32_t i = 0; i < peers.gone_count; i++)
        lk_conn_release(&peers.conn[peers.gone[i]]);
    peers.gone_count = 0;
    LK_ASSERT(peers.conn_count <= 1); /* strangers have none */
    for (size_t p = 0; p < PORTS; p++)
        LK_ASSERT(got_by[p] <= sent_by[p]);
}

/* One flight of the honest edge there, and the front's back. */
static int step(void)
{
    for (uint32_t i = 0; i < client->out.count; i++)
        hear(HOME, lk_bytes_of(client->out.datagram[i].data, client->out.datagram[i].len));
    client->out.count = 0;
    end_turn();
    int verdict = lk_test_client_step(client, &to_client);
    to_client.count = 0;
    return verdict;
}

static void do_strange(struct lk_cursor *c)
{
    uint16_t port = lk_cursor_u8(c);
    struct lk_bytes bytes = lk_cursor_take(c, lk_cursor_u16(c) % 2048);
    if (c->bad) return;
    if (port % 8 >= PORTS) {
        hear(HOME, bytes);
    } else {
        sent_by[port % 8] += bytes.len;
        hear(port % 8, bytes);
    }
    end_turn();
}

/* A datagram of the edge that is on its way, altered, from whom the bytes say. */
static void do_altered(struct lk_cursor *c)
{
    uint16_t port = lk_cursor_u8(c) % 8, at = lk_cursor_u16(c);
    uint8_t mask = lk_cursor_u8(c);
    if (client->out.count == 0 || port >= PORTS) return;
    struct lk_test_datagram d = client->out.datagram[0];
    d.data[at % d.len] ^= mask;
    sent_by[port] += d.len;
    hear(port, lk_bytes_of(d.data, d.len));
    end_turn();
}

static void do_step(struct lk_cursor *c)
{
    (void)c;
    (void)step();
}

static void do_time(struct lk_cursor *c)
{
    peers.now_ns += lk_cursor_u8(c) * LK_NS_PER_MS;
    lk_peers_expire(&peers);
    lk_transport_dtls.sweep(&peers);
    end_turn();
}

/* Its request is answered, after whatever happened. */
static void ask(void)
{
    static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    uint8_t answer[64];
    int n = 0;
    client->out.count = 0;
    lk_test_client_send(client, lk_bytes_of(ping, sizeof ping));
    LK_ASSERT(client->out.count == 1);
    hear(HOME, lk_bytes_of(client->out.datagram[0].data, client->out.datagram[0].len));
    to_client.count = 0;
    end_turn();
    for (uint32_t i = 0; i < to_client.count && n <= 0; i++) {
        const struct lk_test_datagram *d = &to_client.datagram[i];
        n = lk_test_client_read(client, lk_bytes_of(d->data, d->len), answer, sizeof answer);
    }
    LK_ASSERT(n == 16 && answer[3] == LK_STATUS_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const things[8])(struct lk_cursor *) = {
        do_strange, do_strange, do_strange, do_strange, do_altered, do_step, do_step, do_time};
    static const struct lk_test_wire none;
    open_all();
    lk_test_client_again(client);
    to_client.count = client->out.count = 0;
    memset(sent_by, 0, sizeof sent_by);
    memset(got_by, 0, sizeof got_by);
    int verdict = lk_test_client_step(client, &none);
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    for (unsigned i = 0; i < 20 && !c.bad && lk_cursor_left(&c) > 0; i++) {
        uint8_t what = lk_cursor_u8(&c);
        things[what % 8](&c);
    }
    for (unsigned i = 0; i < 8 && verdict == 0; i++)
        verdict = step();
    if (verdict == 1) ask();
    for (uint32_t i = 0; i < CONNS; i++)
        lk_conn_drop(&peers.conn[i]);
    end_turn();
    LK_ASSERT(peers.conn_count == 0 && peers.outs.used == 0);
    peers.now_ns += LK_NS_PER_S;
    ERR_clear_error();
    return 0;
}
