/* Included by tests of the DTLS transport without a loop: datagrams are handed over in memory, time is a variable (also
 * for OpenSSL, which asks gettimeofday), and the intake is played by the test, which answers when
 * it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/base/clock.h"
#include "io/hello.h"
#include "io/intake.h"
#include "io/session.h"
#include "io/transport.h"
#include "io/view.h"
#include "tests/support/dtls_client.h"

#define FD 77
#define START_NS (1000 * LK_NS_PER_S)
#define IDLE_S 60
#define HANDSHAKE_MS 10000
#define PATH_BYTES 1200

/* --- time and memory -------------------------------------------------------------------------- */

static uint64_t now_ns = START_NS;

/* In place of the C library's for libssl as well: it has to be seen from there. */
__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    tv->tv_sec = (time_t)(1700000000 + now_ns / LK_NS_PER_S);
    tv->tv_usec = (suseconds_t)(now_ns % LK_NS_PER_S / LK_NS_PER_US);
    return 0;
}

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

/* --- the intake and the policy, as the test plays them ---------------------------------------- */

#define WORK_MAX 512

static struct work {
    struct lk_conn *conn;
    struct lk_header header;
    size_t len;
    uint64_t tag;
} work[WORK_MAX];
static unsigned worked, shorts;
static bool answer_at_once, keep_answers;
static size_t answer_bytes;

static void answer(const struct work *w)
{
    static const uint8_t payload[4096] = {1, 2, 3};
    struct lk_answer a = {.header = w->header, .tag = w->tag, .keep = keep_answers};
    a.header.status = LK_STATUS_SUCCESS;
    a.header.length = (uint32_t)answer_bytes;
    a.payload = lk_bytes_of(payload, answer_bytes - LK_HEADER_BYTES);
    w->conn->transport->answer(w->conn, &a);
}

void __wrap_lk_intake_message(struct lk_conn *conn, struct lk_bytes message, uint64_t tag);
void __wrap_lk_intake_message(struct lk_conn *conn, struct lk_bytes message, uint64_t tag)
{
    if (message.len < LK_HEADER_BYTES) {
        shorts++;
        return;
    }
    assert_true(worked < WORK_MAX);
    struct work *w = &work[worked++];
    struct lk_cursor c = lk_cursor_of(message);
    *w = (struct work){.conn = conn, .len = message.len, .tag = tag};
    lk_header_read(&c, &w->header);
    if (answer_at_once) answer(w);
}

static struct lk_edge the_edge = {.index = 0, .tenant = 0, .name = "one"};

const struct lk_edge *__wrap_lk_policy_edge(const struct lk_policy *policy, const char *identity);
const struct lk_edge *__wrap_lk_policy_edge(const struct lk_policy *policy, const char *identity)
{
    (void)policy;
    return strcmp(identity, "uri:lurk://edge/1") == 0 ? &the_edge : NULL;
}

/* --- a server and its clients ----------------------------------------------------------------- */

static struct lk_peers peers;
static struct lk_counters counters;
static struct lk_conf conf;
static struct lk_view view;
static struct lk_test_client *client;
static struct lk_test_wire to_client;
static unsigned chunks; /* sends of the last turn */

/* Every datagram on its way, either direction, is asked about: true loses it. */
static unsigned on_the_way;
static unsigned lose_nth = UINT32_MAX;

static bool is_lost(void)
{
    return on_the_way++ == lose_nth;
}

static struct lk_address address_of(uint32_t ip, uint16_t port)
{
    struct lk_address a = {0};
    a.peer.in.sin_family = AF_INET;
    a.peer.in.sin_addr.s_addr = htonl(ip);
    a.peer.in.sin_port = htons(port);
    return a;
}

static const uint32_t home = 0x7f000001;
static uint16_t port = 1000;

static void unpack(struct lk_out *out, struct lk_test_wire *to)
{
    uint32_t size = out->segment != 0 ? out->segment : out->len;
    for (uint32_t at = 0; at < out->len; at += size) {
        size_t len = out->len - at < size ? out->len - at : size;
        assert_true(len <= PATH_BYTES);
        if (!is_lost()) assert_true(lk_test_wire_put(to, lk_bytes_of(out->data + at, len)));
    }
}

/* As the loop ends a turn. */
static void end_turn(void)
{
    lk_peers_flush(&peers);
    chunks = 0;
    to_client.count = 0;
    while (peers.datagrams_first != NULL) {
        struct lk_out *out = peers.datagrams_first;
        peers.datagrams_first = out->next;
        assert_int_equal(out->fd, FD);
        unpack(out, &to_client);
        lk_out_release(&peers.outs, out);
        chunks++;
    }
    peers.datagrams_last = NULL;
    for (uint32_t i = 0; i < peers.gone_count; i++)
        lk_conn_release(&peers.conn[peers.gone[i]]);
    peers.gone_count = 0;
}

static void hear(struct lk_address from, struct lk_bytes bytes)
{
    peers.now_ns = now_ns;
    lk_transport_dtls.heard(&peers, FD, &from, bytes);
}

/* One turn: what the client sent, and what comes back for it. */
static void turn(void)
{
    peers.now_ns = now_ns;
    for (uint32_t i = 0; i < client->out.count; i++) {
        struct lk_test_datagram *d = &client->out.datagram[i];
        if (!is_lost()) hear(address_of(home, port), lk_bytes_of(d->data, d->len));
    }
    client->out.count = 0;
    end_turn();
}

static void pass(uint64_t ns)
{
    now_ns += ns;
    peers.now_ns = now_ns;
    lk_peers_expire(&peers);
    lk_transport_dtls.sweep(&peers);
    end_turn();
}

static bool is_open(void)
{
    return atomic_load(&counters.value[LK_C_HANDSHAKES_GOOD]) > 0;
}

/* Handshake with timers until both sides are done, at most `rounds` quarters of a second. */
static int handshake(int rounds)
{
    struct lk_test_wire none = {0};
    int verdict = lk_test_client_step(client, &none);
    for (int i = 0; i < rounds && verdict >= 0; i++) {
        turn();
        verdict = lk_test_client_step(client, &to_client);
        if (client->out.count > 0) continue;
        if (verdict == 1 && is_open()) break;
        now_ns += 250 * LK_NS_PER_MS;
        peers.now_ns = now_ns;
        lk_test_client_tick(client);
        lk_peers_expire(&peers);
        end_turn();
        if (to_client.count > 0) verdict = lk_test_client_step(client, &to_client);
    }
    turn();
    return verdict;
}

static uint64_t counted(enum lk_counter id)
{
    return atomic_load(&counters.value[id]);
}

static int make_as(const char *name)
{
    char error[256] = "";
    conf = (struct lk_conf){.handshake_ms = HANDSHAKE_MS, .idle_s = IDLE_S, .dtls_mtu = PATH_BYTES,
                            .output_bytes_per_peer = 65536, .in_flight_per_peer = 16};
    struct lk_view_files files = {.certificate = lk_test_pki_file("server.crt"),
                                  .key = lk_test_pki_file("server.key"),
                                  .ca = lk_test_pki_file("ca.crt")};
    view = (struct lk_view){.generation = 1, .conf = &conf};
    assert_int_equal(lk_session_context(LK_SESSION_DTLS, &files, &view.dtls, error, sizeof error),
                     LK_OK);
    lk_hello_context(view.dtls);
    memset(&counters, 0, sizeof counters);
    assert_int_equal(lk_peers_init(&peers, &view, &counters, 1024), LK_OK);
    peers.now_ns = now_ns;
    assert_int_equal(lk_transport_dtls.start(&peers), LK_OK);
    client = lk_test_client_new(name);
    worked = shorts = 0;
    answer_at_once = keep_answers = true;
    answer_bytes = 64;
    on_the_way = 0;
    lose_nth = UINT32_MAX;
    return 0;
}

static int make(void **state)
{
    (void)state;
    return make_as("edge-1");
}

static int make_open(void **state)
{
    make(state);
    assert_int_equal(handshake(10), 1);
    assert_true(is_open());
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    lk_test_client_free(client);
    for (uint32_t i = 0; i < peers.conn_max; i++)
        lk_conn_drop(&peers.conn[i]);
    lk_transport_dtls.stop(&peers);
    lk_peers_fini(&peers);
    SSL_CTX_free(view.dtls);
    return 0;
}

/* A request of this id with one byte of payload. */
static void ask(uint8_t id, uint8_t byte)
{
    uint8_t m[17] = {1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, id, 0, 0, 0, 17, byte};
    lk_test_client_send(client, lk_bytes_of(m, sizeof m));
}

/* The id of the answer in a datagram of this turn; -1: it holds none. */
static int answer_in(uint32_t datagram)
{
    uint8_t m[4096];
    struct lk_test_datagram *d = &to_client.datagram[datagram];
    int n = lk_test_client_read(client, lk_bytes_of(d->data, d->len), m, sizeof m);
    if (n <= 0) return -1;
    assert_int_equal(n, answer_bytes);
    assert_int_equal(m[3], LK_STATUS_SUCCESS);
    return m[11];
}
