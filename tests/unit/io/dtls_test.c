/* The DTLS transport without a loop: datagrams are handed over in memory, time is a variable (also for
 * OpenSSL, which asks gettimeofday), and the intake is played by the test, which answers when it likes. */
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

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
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
    assert_int_equal(lk_session_context(LK_SESSION_DTLS, &files, &view.dtls, error, sizeof error), LK_OK);
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

/* --- handshakes ------------------------------------------------------------------------------- */

static void dtls_handshake_proves_an_edge(void **state)
{
    (void)state;
    assert_int_equal(handshake(10), 1);
    assert_int_equal(counted(LK_C_HANDSHAKES_GOOD), 1);
    assert_int_equal(counted(LK_C_COOKIES_SENT), 1);
    assert_int_equal(peers.conn_count, 1);
    assert_int_equal(peers.conn[0].state, LK_CONN_OPEN);
    assert_string_equal(peers.conn[0].identity, "uri:lurk://edge/1");
    assert_ptr_equal(peers.conn[0].edge, &the_edge);
    assert_int_equal(SSL_version(client->ssl), DTLS1_2_VERSION);
}

static void dtls_handshake_without_a_certificate_is_refused(void **state)
{
    (void)state;
    lk_test_client_free(client);
    client = lk_test_client_new(NULL);
    assert_int_equal(handshake(10), -1);
    assert_int_equal(counted(LK_C_HANDSHAKES_NO_CERT), 1);
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_handshake_of_a_stranger_is_refused(void **state)
{
    (void)state;
    lk_test_client_free(client);
    client = lk_test_client_new("stranger");
    assert_int_equal(handshake(10), -1);
    assert_int_equal(counted(LK_C_HANDSHAKES_BAD_CERT), 1);
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_handshake_of_an_unknown_edge_is_closed(void **state)
{
    (void)state;
    lk_test_client_free(client);
    client = lk_test_client_new("edge-2");
    handshake(2);
    assert_int_equal(counted(LK_C_HANDSHAKES_UNKNOWN_EDGE), 1);
    assert_int_equal(counted(LK_C_HANDSHAKES_GOOD), 0);
    assert_int_equal(peers.conn_count, 0);
}

/* Each datagram of a handshake is lost once, in either direction, until there is none of that number. */
static void dtls_handshake_survives_the_loss_of_any_datagram(void **state)
{
    unsigned lost = 0;
    for (unsigned nth = 0; lost == nth; nth++) {
        make(state);
        lose_nth = nth;
        assert_int_equal(handshake(100), 1);
        assert_true(is_open());
        if (on_the_way > nth) lost++;
        lose_nth = UINT32_MAX;
        ask(1, 1);
        turn();
        assert_int_equal(answer_in(0), 1);
        unmake(state);
        now_ns += LK_NS_PER_S;
    }
    assert_true(lost >= 6);
}

static void swap_ends(struct lk_test_wire *wire)
{
    for (uint32_t i = 0; i < wire->count / 2; i++) {
        struct lk_test_datagram d = wire->datagram[i];
        wire->datagram[i] = wire->datagram[wire->count - 1 - i];
        wire->datagram[wire->count - 1 - i] = d;
    }
}

/* Small datagrams make flights of many; every flight arrives backwards. */
static void dtls_handshake_survives_reordering(void **state)
{
    (void)state;
    conf.dtls_mtu = 400;
    lk_datagram_path(&client->datagram, 400);
    struct lk_test_wire none = {0};
    int verdict = lk_test_client_step(client, &none);
    uint32_t longest = 0;
    for (int i = 0; i < 40 && !(verdict == 1 && is_open()); i++) {
        swap_ends(&client->out);
        turn();
        if (to_client.count > longest) longest = to_client.count;
        swap_ends(&to_client);
        verdict = lk_test_client_step(client, &to_client);
        if (client->out.count > 0) continue;
        pass(250 * LK_NS_PER_MS);
        lk_test_client_tick(client);
    }
    assert_int_equal(verdict, 1);
    assert_true(is_open());
    assert_true(longest >= 3);
}

static void dtls_handshake_ends_at_its_deadline(void **state)
{
    (void)state;
    struct lk_test_wire none = {0};
    lk_test_client_step(client, &none);
    turn();
    lk_test_client_step(client, &to_client);
    long before = live_bytes;
    turn();
    assert_int_equal(peers.conn_count, 1);
    uint64_t sent = 0;
    for (int ms = 0; ms < HANDSHAKE_MS - 100; ms += 50) {
        pass(50 * LK_NS_PER_MS);
        sent += to_client.count;
    }
    assert_int_equal(peers.conn_count, 1);
    assert_true(sent >= 2 && sent < 40); /* flights again, at growing distances */
    pass(200 * LK_NS_PER_MS);
    assert_int_equal(peers.conn_count, 0);
    assert_int_equal(counted(LK_C_HANDSHAKES_TIMEOUT), 1);
    assert_true(live_bytes - before < 1024);
}

/* --- requests --------------------------------------------------------------------------------- */

static void dtls_answers_each_datagram_with_one(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 5; i++)
        ask(i, i);
    turn();
    assert_int_equal(worked, 5);
    assert_int_equal(to_client.count, 5);
    assert_int_equal(chunks, 1); /* equal sizes leave in one send */
    for (uint8_t i = 0; i < 5; i++)
        assert_int_equal(answer_in(i), i);
}

static void dtls_answers_come_in_any_order(void **state)
{
    (void)state;
    answer_at_once = false;
    for (uint8_t i = 0; i < 3; i++)
        ask(i, i);
    turn();
    assert_int_equal(to_client.count, 0);
    answer_bytes = 40;
    answer(&work[2]);
    end_turn();
    assert_int_equal(to_client.count, 1);
    assert_int_equal(answer_in(0), 2);
    answer(&work[1]);
    answer_bytes = 500;
    answer(&work[0]);
    end_turn();
    assert_int_equal(to_client.count, 2);
    assert_int_equal(chunks, 2); /* the longer one starts another send */
}

static void dtls_repeat_is_answered_without_work(void **state)
{
    (void)state;
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    for (int i = 0; i < 3; i++) {
        pass(LK_NS_PER_S);
        ask(1, 1);
        turn();
        assert_int_equal(to_client.count, 1);
        assert_int_equal(answer_in(0), 1);
    }
    assert_int_equal(worked, 1);
    assert_int_equal(counted(LK_C_CACHE_HITS), 3);
    pass(8 * LK_NS_PER_S);
    ask(1, 1);
    turn();
    assert_int_equal(worked, 2);
}

static void dtls_repeat_in_work_is_dropped(void **state)
{
    (void)state;
    answer_at_once = false;
    ask(1, 1);
    ask(1, 1);
    turn();
    ask(1, 1);
    turn();
    assert_int_equal(worked, 1);
    assert_int_equal(counted(LK_C_DROPPED_REPEAT), 2);
    assert_int_equal(to_client.count, 0);
    answer(&work[0]);
    end_turn();
    assert_int_equal(to_client.count, 1);
    assert_int_equal(answer_in(0), 1);
}

static void dtls_same_id_with_other_bytes_is_new(void **state)
{
    (void)state;
    ask(1, 1);
    ask(1, 2);
    turn();
    assert_int_equal(worked, 2);
    assert_int_equal(to_client.count, 2);
}

static void dtls_answer_that_may_not_be_kept_is_worked_again(void **state)
{
    (void)state;
    keep_answers = false;
    ask(1, 1);
    turn();
    ask(1, 1);
    turn();
    assert_int_equal(worked, 2);
    assert_int_equal(counted(LK_C_CACHE_HITS), 0);
}

static void dtls_short_records_get_no_answer(void **state)
{
    (void)state;
    lk_test_client_send(client, lk_bytes_of("fifteen bytes..", 15));
    turn();
    assert_int_equal(worked, 0);
    assert_int_equal(shorts, 1);
    assert_int_equal(to_client.count, 0);
}

/* What fits the path is all an answer may be: the longest one makes a datagram of the path's size. */
static void dtls_longest_answer_fits_the_path(void **state)
{
    (void)state;
    answer_bytes = peers.conn[0].answer_bytes_max;
    assert_true(answer_bytes > PATH_BYTES - 64 && answer_bytes < PATH_BYTES);
    ask(1, 1);
    turn();
    assert_int_equal(to_client.count, 1);
    assert_true(to_client.datagram[0].len <= PATH_BYTES);
    assert_int_equal(answer_in(0), 1);
}

static void dtls_several_records_in_a_datagram_are_several_requests(void **state)
{
    (void)state;
    ask(1, 1);
    ask(2, 2);
    struct lk_test_datagram *a = &client->out.datagram[0], *b = &client->out.datagram[1];
    memcpy(a->data + a->len, b->data, b->len);
    a->len += b->len;
    client->out.count = 1;
    turn();
    assert_int_equal(worked, 2);
    assert_int_equal(to_client.count, 2);
}

/* --- hostile datagrams ------------------------------------------------------------------------ */

static void dtls_altered_records_are_dropped(void **state)
{
    (void)state;
    unsigned seed = 5;
    printf("seed %u\n", seed);
    ask(1, 1);
    struct lk_test_datagram good = client->out.datagram[0];
    client->out.count = 0;
    uint64_t heard = peers.conn[0].heard_ns;
    now_ns += LK_NS_PER_S;
    for (int i = 0; i < 2000; i++) {
        struct lk_test_datagram bad = good;
        bad.data[(size_t)rand_r(&seed) % bad.len] ^= (uint8_t)(1 << rand_r(&seed) % 8);
        bad.len -= (size_t)rand_r(&seed) % 3;
        hear(address_of(home, port), lk_bytes_of(bad.data, bad.len));
        end_turn();
        assert_int_equal(to_client.count, 0);
    }
    /* The version bytes of a record are covered by its tag as well. */
    assert_int_equal(worked, 0);
    assert_int_equal(peers.conn[0].heard_ns, heard);
    hear(address_of(home, port), lk_bytes_of(good.data, good.len));
    end_turn();
    assert_int_equal(worked, 1);
    hear(address_of(home, port), lk_bytes_of(good.data, good.len)); /* replayed record */
    end_turn();
    assert_int_equal(worked, 1);
    assert_int_equal(to_client.count, 0);
}

static void dtls_datagrams_of_nobody_are_dropped(void **state)
{
    (void)state;
    ask(1, 1);
    struct lk_test_datagram *d = &client->out.datagram[0];
    hear(address_of(home, 4000), lk_bytes_of(d->data, d->len));
    hear(address_of(home, 4000), lk_bytes_of("", 0));
    end_turn();
    assert_int_equal(counted(LK_C_DROPPED_STRANGE), 2);
    assert_int_equal(to_client.count, 0);
    assert_int_equal(worked, 0);
}

/* A hello without a cookie costs a peer nothing, whoever sent it in its name. */
static void dtls_spoofed_hello_leaves_the_association(void **state)
{
    (void)state;
    struct lk_test_client *liar = lk_test_client_new("stranger");
    struct lk_test_wire none = {0};
    lk_test_client_step(liar, &none);
    hear(address_of(home, port), lk_bytes_of(liar->out.datagram[0].data, liar->out.datagram[0].len));
    end_turn();
    assert_int_equal(counted(LK_C_COOKIES_SENT), 2);
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    lk_test_client_free(liar);
}

static void dtls_restarted_peer_replaces_its_association(void **state)
{
    (void)state;
    uint32_t generation = peers.conn[0].generation;
    answer_at_once = false;
    ask(1, 1);
    turn();
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    assert_int_equal(counted(LK_C_HANDSHAKES_GOOD), 2);
    assert_int_equal(peers.conn_count, 1);
    assert_null(lk_conn_find(&peers, 0, generation)); /* so its answer finds nobody */
    answer_at_once = true;
    ask(1, 1);
    turn();
    assert_int_equal(worked, 2); /* what the old one asked is not answered to the new one */
    assert_int_equal(answer_in(0), 1);
}

/* The hello that made an association, recorded and sent again, is not a new peer. */
static void dtls_repeated_hello_leaves_the_association(void **state)
{
    (void)state;
    struct lk_test_wire none = {0};
    lk_test_client_step(client, &none);
    turn();
    lk_test_client_step(client, &to_client);
    struct lk_test_datagram hello = client->out.datagram[0];
    turn();
    int verdict = lk_test_client_step(client, &to_client);
    for (int i = 0; i < 5 && verdict == 0; i++) {
        turn();
        verdict = lk_test_client_step(client, &to_client);
    }
    assert_int_equal(verdict, 1);
    hear(address_of(home, port), lk_bytes_of(hello.data, hello.len));
    end_turn();
    assert_int_equal(to_client.count, 0);
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    assert_int_equal(counted(LK_C_CONNS_OPENED), 1);
}

/* Up to its second hello, from this port: the handshake then stands still. */
static void begin_and_stop(uint16_t from_port)
{
    struct lk_test_wire none = {0};
    uint16_t own = port;
    port = from_port;
    lk_test_client_again(client);
    lk_test_client_step(client, &none);
    turn();
    lk_test_client_step(client, &to_client);
    turn();
    port = own;
}

static void dtls_half_open_handshakes_are_bounded(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < LK_HANDSHAKES_PER_NETWORK_MAX; i++)
        begin_and_stop((uint16_t)(2000 + i));
    assert_int_equal(peers.conn_count, LK_HANDSHAKES_PER_NETWORK_MAX);
    begin_and_stop(1999);
    assert_int_equal(peers.conn_count, LK_HANDSHAKES_PER_NETWORK_MAX);
    assert_int_equal(counted(LK_C_DROPPED_HANDSHAKE), 1);
    pass(HANDSHAKE_MS * LK_NS_PER_MS);
    assert_int_equal(peers.conn_count, 0);
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    assert_true(is_open());
}

static void dtls_open_peers_are_no_handshakes(void **state)
{
    (void)state;
    uint16_t own = port;
    for (unsigned i = 0; i <= LK_HANDSHAKES_PER_NETWORK_MAX; i++) {
        port++;
        lk_test_client_again(client);
        assert_int_equal(handshake(10), 1);
    }
    assert_int_equal(peers.conn_count, LK_HANDSHAKES_PER_NETWORK_MAX + 1);
    assert_int_equal(counted(LK_C_DROPPED_HANDSHAKE), 0);
    port = own;
}

/* Records of the next epoch, or pieces of messages behind those of the flight that say they are long.
 * Their sequence numbers leave the peer's own inside OpenSSL's window. */
static void flood(bool early, unsigned count)
{
    uint8_t of_next_epoch[13 + 64] = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 64};
    uint8_t piece[13 + 12 + 1] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13,
                                  11, 0,    0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t *record = early ? of_next_epoch : piece;
    for (unsigned i = 0; i < count; i++) {
        record[10] = (uint8_t)(8 + i % 40);
        if (!early) piece[18] = (uint8_t)(6 + i % 6); /* number of the message */
        hear(address_of(home, port), lk_bytes_of(record, early ? sizeof of_next_epoch : sizeof piece));
    }
    end_turn();
}

/* The server sends its flight again, the honest peer answers it. */
static void go_on(void)
{
    pass(LK_NS_PER_S);
    lk_test_client_step(client, &to_client);
    assert_true(client->out.count > 0);
    turn();
}

static void dtls_handshake_goes_on_beside_a_few_strange_records(void **state)
{
    (void)state;
    begin_and_stop(port);
    flood(true, 3);
    flood(false, 40);
    go_on();
    assert_true(is_open());
}

static void dtls_handshake_flooded_with_pieces_stays_small(void **state)
{
    (void)state;
    begin_and_stop(port);
    long before = live_bytes;
    flood(false, LK_HANDSHAKE_RECORDS_MAX);
    assert_true(live_bytes - before > 16384); /* the flood does reach OpenSSL */
    assert_true(live_bytes - before < 256 * 1024);
    go_on();
    assert_false(is_open()); /* not heard any more */
    pass(HANDSHAKE_MS * LK_NS_PER_MS);
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_handshake_flooded_with_early_records_ends(void **state)
{
    (void)state;
    begin_and_stop(port);
    long before = live_bytes;
    flood(true, LK_HANDSHAKE_EARLY_RECORDS_MAX + 1);
    assert_true(live_bytes - before < 256 * 1024);
    go_on();
    assert_false(is_open());
}

/* --- the end ---------------------------------------------------------------------------------- */

static bool client_was_told(void)
{
    for (uint32_t i = 0; i < to_client.count; i++)
        (void)answer_in(i);
    return (SSL_get_shutdown(client->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

static void dtls_idle_peer_is_closed(void **state)
{
    (void)state;
    pass((IDLE_S - 10) * LK_NS_PER_S);
    ask(1, 1);
    turn();
    pass((IDLE_S - 1) * LK_NS_PER_S);
    assert_int_equal(peers.conn_count, 1);
    pass(2 * LK_NS_PER_S);
    assert_int_equal(peers.conn_count, 0);
    assert_true(client_was_told());
}

static void dtls_peer_that_says_bye_is_closed(void **state)
{
    (void)state;
    SSL_shutdown(client->ssl);
    turn();
    assert_int_equal(peers.conn_count, 0);
    assert_true(client_was_told());
}

static void dtls_closed_peer_gets_its_answers_first(void **state)
{
    (void)state;
    ask(1, 1);
    peers.now_ns = now_ns;
    hear(address_of(home, port), lk_bytes_of(client->out.datagram[0].data, client->out.datagram[0].len));
    lk_conn_close(&peers.conn[0]);
    end_turn();
    assert_int_equal(to_client.count, 2);
    assert_int_equal(answer_in(0), 1);
    assert_true(client_was_told());
    assert_int_equal(peers.conn_count, 0);
}

static void dtls_draining_is_silent_to_strangers(void **state)
{
    (void)state;
    peers.draining = true;
    struct lk_test_wire none = {0};
    lk_test_client_step(client, &none);
    turn();
    assert_int_equal(to_client.count, 0);
    assert_int_equal(counted(LK_C_COOKIES_SENT), 0);
}

static void dtls_idle_association_is_small(void **state)
{
    (void)state;
    assert_int_equal(handshake(10), 1); /* the first one also fills caches of the library */
    long before = live_bytes;
    SSL *first = client->ssl;
    client->ssl = NULL;
    port++;
    lk_test_client_again(client);
    assert_int_equal(handshake(10), 1);
    long both = live_bytes - before;
    SSL_free(client->ssl);
    client->ssl = first;
    long server = live_bytes - before;
    port--;
    printf("association: %ld bytes, with its client %ld\n", server, both);
    assert_int_equal(peers.conn_count, 2);
    assert_true(server < 96 * 1024);
}

static void dtls_full_output_loses_answers_only(void **state)
{
    (void)state;
    struct lk_out *taken = NULL, *out;
    while ((out = lk_out_take(&peers.outs)) != NULL) {
        out->next = taken;
        taken = out;
    }
    ask(1, 1);
    turn();
    assert_int_equal(to_client.count, 0);
    while (taken != NULL) {
        out = taken;
        taken = out->next;
        lk_out_release(&peers.outs, out);
    }
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    assert_int_equal(worked, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)
#define OPEN(name) cmocka_unit_test_setup_teardown(name, make_open, unmake)

int main(void)
{
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1) return 1;
    const struct CMUnitTest tests[] = {
        T(dtls_handshake_proves_an_edge),
        T(dtls_handshake_without_a_certificate_is_refused),
        T(dtls_handshake_of_a_stranger_is_refused),
        T(dtls_handshake_of_an_unknown_edge_is_closed),
        cmocka_unit_test(dtls_handshake_survives_the_loss_of_any_datagram),
        T(dtls_handshake_survives_reordering),
        T(dtls_handshake_ends_at_its_deadline),
        OPEN(dtls_answers_each_datagram_with_one),
        OPEN(dtls_answers_come_in_any_order),
        OPEN(dtls_repeat_is_answered_without_work),
        OPEN(dtls_repeat_in_work_is_dropped),
        OPEN(dtls_same_id_with_other_bytes_is_new),
        OPEN(dtls_answer_that_may_not_be_kept_is_worked_again),
        OPEN(dtls_short_records_get_no_answer),
        OPEN(dtls_longest_answer_fits_the_path),
        OPEN(dtls_several_records_in_a_datagram_are_several_requests),
        OPEN(dtls_altered_records_are_dropped),
        OPEN(dtls_datagrams_of_nobody_are_dropped),
        OPEN(dtls_spoofed_hello_leaves_the_association),
        OPEN(dtls_restarted_peer_replaces_its_association),
        T(dtls_repeated_hello_leaves_the_association),
        T(dtls_half_open_handshakes_are_bounded),
        T(dtls_open_peers_are_no_handshakes),
        T(dtls_handshake_goes_on_beside_a_few_strange_records),
        T(dtls_handshake_flooded_with_pieces_stays_small),
        T(dtls_handshake_flooded_with_early_records_ends),
        OPEN(dtls_idle_peer_is_closed),
        OPEN(dtls_peer_that_says_bye_is_closed),
        OPEN(dtls_closed_peer_gets_its_answers_first),
        T(dtls_draining_is_silent_to_strangers),
        T(dtls_idle_association_is_small),
        OPEN(dtls_full_output_loses_answers_only),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_test_pki_gone();
    return failed;
}
