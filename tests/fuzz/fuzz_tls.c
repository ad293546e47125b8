/* Bytes on a TLS stream: as they are (first byte even), or as changes to what an honest edge sends
 * from its first flight on: flight, place, mask, again and again. A peer is only let in as who its
 * certificate says; what was altered after that is never worked; all memory comes back. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "io/intake.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FLIGHTS 6
#define FLIGHT_BYTES 16384

static struct lk_peers peers;
static struct lk_intake intake;
static struct lk_counters counters;
static SSL_CTX *edge_ctx[2]; /* TLS 1.2, 1.3 */
static struct lk_conn *conn;

static void open_edge(size_t i, int version)
{
    char path[256];
    SSL_CTX *ctx = edge_ctx[i] = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    snprintf(path, sizeof path, "%s/edge-1.crt", lk_test_pki());
    LK_ASSERT(SSL_CTX_use_certificate_chain_file(ctx, path) == 1);
    snprintf(path, sizeof path, "%s/edge-1.key", lk_test_pki());
    LK_ASSERT(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1);
}

static void open_all(void)
{
    if (peers.conn != NULL) return;
    lk_log_level((enum lk_log_level)-1); /* nothing at all */
    const struct lk_view *view = lk_test_view(&(struct lk_test_view_conf){.generation = 1});
    open_edge(0, TLS1_2_VERSION);
    open_edge(1, TLS1_3_VERSION);
    lk_test_pki_gone();
    LK_ASSERT(lk_peers_init(&peers, view, &counters, 2) == LK_OK);
    LK_ASSERT(lk_intake_init(&intake, 0, 1, 16, 2) == LK_OK);
    peers.intake = &intake;
    peers.now_unix_s = lk_clock_unix_s();
}

static bool alive(void)
{
    return conn->state == LK_CONN_HANDSHAKE || conn->state == LK_CONN_OPEN;
}

static void hand_in(struct lk_bytes bytes)
{
    if (alive()) lk_transport_tls.recv(conn, bytes);
    lk_peers_flush(&peers);
    peers.touched_count = 0;
}

/* Applies the changes meant for this flight. False: there were none. */
static bool change(struct lk_bytes changes, uint8_t flight, uint8_t *bytes, size_t len)
{
    struct lk_cursor c = lk_cursor_of(changes);
    static uint8_t before[FLIGHT_BYTES];
    memcpy(before, bytes, len);
    while (len > 0 && lk_cursor_left(&c) >= 4) {
        uint8_t of = lk_cursor_u8(&c);
        uint16_t at = lk_cursor_u16(&c);
        uint8_t mask = lk_cursor_u8(&c);
        if (of % FLIGHTS != flight) continue;
        bytes[at % len] ^= mask;
    }
    return memcmp(before, bytes, len) != 0;
}

static void carry_out(SSL *edge)
{
    struct lk_out *out;
    while (conn->state != LK_CONN_GONE && (out = conn->out_first) != NULL) {
        BIO_write(SSL_get_rbio(edge), out->data, (int)out->len);
        lk_conn_sent(conn);
    }
}

/* What the edge has to send, as changed. */
static bool carry_in(SSL *edge, struct lk_bytes changes, uint8_t flight)
{
    static uint8_t bytes[FLIGHT_BYTES];
    int n = BIO_read(SSL_get_wbio(edge), bytes, sizeof bytes);
    bool changed = n > 0 && change(changes, flight, bytes, (size_t)n);
    if (n > 0) hand_in(lk_bytes_of(bytes, (size_t)n));
    return changed;
}

static void talk(struct lk_bytes changes, size_t version)
{
    static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    SSL *edge = SSL_new(edge_ctx[version]);
    LK_ASSERT(edge != NULL);
    SSL_set_bio(edge, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(edge);
    bool changed = false;
    int done = 0;
    for (uint8_t flight = 0; flight + 1 < FLIGHTS && done != 1; flight++) {
        done = SSL_do_handshake(edge);
        changed = carry_in(edge, changes, flight) || changed;
        carry_out(edge);
    }
    LK_ASSERT(changed || (done == 1 && conn->state == LK_CONN_OPEN));
    if (conn->state == LK_CONN_OPEN) LK_ASSERT(strcmp(conn->identity, "uri:lurk://edge/1") == 0);
    uint64_t worked = atomic_load(&counters.requests[LK_X_LURK_PING][LK_STATUS_SUCCESS]);
    if (done == 1 && SSL_write(edge, ping, sizeof ping) == sizeof ping) {
        bool altered = carry_in(edge, changes, FLIGHTS - 1);
        uint64_t now = atomic_load(&counters.requests[LK_X_LURK_PING][LK_STATUS_SUCCESS]);
        LK_ASSERT(now == worked + 1 || changed || altered);
        LK_ASSERT(now == worked || !altered);
    }
    carry_out(edge);
    SSL_free(edge);
    ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};
    if (size == 0) return 0;
    open_all();
    peers.now_ns = 1000 * LK_NS_PER_S;
    conn = lk_conn_take(&peers, &lk_transport_tls, &address);
    LK_ASSERT(conn != NULL && lk_transport_tls.accept(conn));
    struct lk_bytes rest = lk_bytes_of(data + 1, size - 1);
    if ((data[0] & 1) == 0) {
        hand_in(rest);
        LK_ASSERT(conn->state != LK_CONN_OPEN); /* nobody proves an edge by bytes alone */
    } else {
        talk(rest, data[0] >> 1 & 1);
    }
    if (conn->state != LK_CONN_GONE) lk_conn_drop(conn);
    lk_conn_release(conn);
    peers.gone_count = 0;
    LK_ASSERT(peers.outs.used == 0 && peers.conn_count == 0 && peers.parts.used == 0);
    return 0;
}
