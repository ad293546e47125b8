/* Messages of one edge to answers, without a socket: a transport that remembers its answers, a
 * segment whose other side is the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/slot.h"
#include "io/intake.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

#define NOW_S 1700000000
#define START_NS (1000 * LK_NS_PER_S)

struct desk {
    struct lk_peers peers;
    struct lk_intake intake;
    struct lk_segment segment;
    struct lk_ring from_loop, to_loop; /* the vault's ends */
    struct lk_view *view;
    struct lk_counters *counters;
    struct lk_conn *conn;
    uint8_t out[1 << 20];
    size_t out_len;
    uint64_t tag;
    bool keep;
};
static struct desk *at_desk;

static void remember(struct lk_conn *conn, const struct lk_answer *answer)
{
    (void)conn;
    struct desk *d = at_desk;
    struct lk_writer w = lk_writer_of(d->out + d->out_len, sizeof d->out - d->out_len);
    lk_header_write(&w, &answer->header);
    lk_writer_put(&w, answer->payload.data, answer->payload.len);
    assert_false(w.bad);
    assert_int_equal(w.len, answer->header.length);
    d->out_len += w.len;
    d->tag = answer->tag;
    d->keep = answer->keep;
}

static void nothing(struct lk_conn *conn)
{
    (void)conn;
}

static const struct lk_transport transport = {.name = "test",
                                              .answer = remember,
                                              .flush = nothing,
                                              .due = lk_conn_stream_due,
                                              .bye = nothing,
                                              .fini = nothing};

static void fresh_segment(struct desk *d, uint64_t epoch)
{
    struct lk_segment_shape shape = {.loops = 2,
                                     .workers = 1,
                                     .small_per_loop = d->view->conf->slots_small_per_loop,
                                     .large_per_loop = d->view->conf->slots_large_per_loop};
    int fd;
    assert_int_equal(lk_segment_make(&shape, &fd), LK_OK);
    assert_int_equal(lk_segment_map(&shape, epoch, fd, &d->segment), LK_OK);
    close(fd);
    lk_ring_init(&d->from_loop, lk_segment_ring_to_worker(&d->segment, 1, 0), LK_RING_CELLS);
    lk_ring_init(&d->to_loop, lk_segment_ring_to_loop(&d->segment, 1, 0), LK_RING_CELLS);
}

static void set_up(struct desk *d, const struct lk_test_view_conf *conf)
{
    static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};
    *d = (struct desk){.view = lk_test_view(conf), .counters = calloc(1, sizeof *d->counters)};
    at_desk = d;
    assert_int_equal(lk_peers_init(&d->peers, d->view, d->counters, 4), LK_OK);
    d->peers.now_ns = START_NS;
    d->peers.now_unix_s = NOW_S;
    assert_int_equal(lk_intake_init(&d->intake, 1, 1, d->view->conf->slots_small_per_loop,
                                    d->view->conf->slots_large_per_loop),
                     LK_OK);
    d->peers.intake = &d->intake;
    fresh_segment(d, 1);
    lk_intake_epoch(&d->intake, &d->peers, &d->segment);
    d->conn = lk_conn_take(&d->peers, &transport, &address);
    assert_true(lk_conn_proved(d->conn, "uri:lurk://edge/1"));
}

static struct desk *open_desk(const struct lk_test_view_conf *conf)
{
    struct desk *d = malloc(sizeof *d);
    set_up(d, conf);
    return d;
}

static void close_desk(struct desk *d)
{
    lk_segment_unmap(&d->segment);
    lk_intake_fini(&d->intake);
    for (uint32_t i = 0; i < d->peers.conn_max; i++)
        lk_conn_drop(&d->peers.conn[i]);
    lk_peers_fini(&d->peers);
    lk_view_free(d->view);
    free(d->counters);
    free(d);
}

static void ask(struct desk *d, const void *bytes, size_t len)
{
    d->out_len = 0;
    lk_intake_stream(d->conn, lk_bytes_of(bytes, len));
}

/* The vault's side. */
static bool no_job(struct desk *d)
{
    return !lk_ring_waiting(&d->from_loop);
}

static struct lk_slot *next_job(struct desk *d, uint64_t *ref)
{
    uint32_t room, loop;
    assert_int_equal(lk_ring_pop(&d->from_loop, ref, 1), 1);
    struct lk_slot *slot = lk_slot_at(&d->segment.slots, (uint32_t)*ref, &room, &loop);
    LK_ASSERT(slot != NULL);
    assert_int_equal(loop, 1);
    assert_int_equal(slot->generation, *ref >> 32);
    return slot;
}

static void finish(struct desk *d, struct lk_slot *slot, uint64_t ref, const char *master)
{
    memcpy(slot->body, master, LK_MASTER_BYTES);
    slot->verdict = LK_VERDICT_ANSWER;
    slot->status = LK_STATUS_SUCCESS;
    slot->result_bytes = LK_MASTER_BYTES;
    slot->state = LK_SLOT_DONE;
    assert_int_equal(lk_ring_push(&d->to_loop, ref), LK_OK);
}

static size_t rsa_master(uint8_t *to, uint64_t id)
{
    return lk_test_rsa_master(to, id, NOW_S);
}

#define FORTY_EIGHT "0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- lurk.md 8 ------------------------------------------------------------------------------- */

static const struct {
    const char *what;
    uint8_t request[17];
    uint8_t len;
    uint8_t answer[16]; /* and the state behind it where length says so */
} known[] = {
    {"lurk ping",
     {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16}},
    {"tls12 ping",
     {1, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {1, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16}},
    {"designation 9",
     {9, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 1, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"tls12 version 2",
     {1, 2, 2, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 2, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"status 1",
     {1, 1, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 2, 6, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"type 99",
     {1, 1, 99, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 99, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"lurk type 2",
     {0, 1, 2, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 2, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"tls12 ping and a byte",
     {1, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 17, 0x78},
     17,
     {1, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"lurk ping and a byte",
     {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 17, 0x78},
     17,
     {0, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"extension before status and type",
     {9, 1, 99, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 99, 4, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
    {"status before type",
     {1, 1, 99, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16},
     16,
     {0, 1, 99, 6, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20}},
};

static void check_known(const struct desk *d, size_t i)
{
    const struct lk_edge *edge = d->conn->edge;
    if (d->out_len != known[i].answer[15]) print_message("%s\n", known[i].what);
    assert_int_equal(d->out_len, known[i].answer[15]);
    assert_memory_equal(d->out, known[i].answer, 16);
    if (d->out_len == 16) return;
    assert_memory_equal(d->out + 16, d->out[0] == 0 ? edge->lurk_state : edge->tls12_state, 4);
}

static void intake_answers_faults_as_the_reference_has_them(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        ask(d, known[i].request, known[i].len);
        check_known(d, i);
        assert_int_equal(d->conn->state, LK_CONN_OPEN);
    }
    close_desk(d);
}

static void intake_capabilities_are_the_edges_own(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    static const uint8_t lurk[16] = {0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    static const uint8_t answer[22] = {0, 1, 0, 1, 0,  1, 2, 3, 4, 5, 6,
                                       7, 0, 0, 0, 26, 0, 4, 0, 1, 1, 1};
    ask(d, lurk, 16);
    assert_int_equal(d->out_len, 26);
    assert_memory_equal(d->out, answer, sizeof answer);
    static const uint8_t tls12[16] = {1, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    ask(d, tls12, 16);
    assert_int_equal(d->out_len, 16 + d->conn->edge->tls12_capabilities.len);
    assert_memory_equal(d->out + d->out_len - 4, d->conn->edge->tls12_state, 4);
    close_desk(d);
}

/* lurk.md 5.5 */
static void intake_calls_a_closed_type_unknown(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){
        .generation = 1,
        .rules = "- {name: sign, tenant: a, edges: all, keys: [p], exchanges: [tls12.ecdhe]}\n"});
    uint8_t request[512];
    size_t len = rsa_master(request, 1);
    ask(d, request, len);
    static const uint8_t answer[16] = {0, 1, 2, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 20};
    assert_int_equal(d->out_len, 20);
    assert_memory_equal(d->out, answer, 16);
    close_desk(d);
}

static uint64_t denials(const struct desk *d)
{
    return lk_test_front_count(&(struct lk_test_front){.counters = d->counters}, LK_C_POLICY_DENIED);
}

/* What is closed is a denial, whole or in pieces; what nobody serves is none. */
static void intake_counts_a_closed_type_as_denied(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){
        .generation = 1,
        .rules = "- {name: sign, tenant: a, edges: all, keys: [p], exchanges: [tls12.ecdhe]}\n"});
    uint8_t request[512];
    size_t len = rsa_master(request, 1);
    ask(d, request, len);
    assert_int_equal(denials(d), 1);
    lk_intake_stream(d->conn, lk_bytes_of(request, 40));
    assert_int_equal(denials(d), 2);
    lk_intake_stream(d->conn, lk_bytes_of(request + 40, len - 40));
    assert_int_equal(denials(d), 2);
    request[2] = 99; /* a type of nobody */
    ask(d, request, len);
    request[2] = 2;
    request[3] = 1; /* no request */
    ask(d, request, len);
    assert_int_equal(denials(d), 2);
    close_desk(d);
}

/* With no exchange of the extension open, the extension itself is unknown to the edge. */
static void intake_counts_a_closed_extension_as_denied(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1, .rules = "  []\n"});
    uint8_t request[512];
    size_t len = rsa_master(request, 1);
    ask(d, request, len);
    assert_int_equal(d->out[3], LK_LURK_INVALID_EXTENSION);
    assert_int_equal(denials(d), 1);
    close_desk(d);
}

/* --- faults of the payload that need no key --------------------------------------------------- */

static uint8_t status_of(struct desk *d, const uint8_t *request, size_t len)
{
    ask(d, request, len);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[0], 1); /* under the request's own designation */
    assert_memory_equal(d->out + 16, d->conn->edge->tls12_state, 4);
    assert_true(no_job(d));
    return d->out[3];
}

static void intake_judges_rsa_master_in_the_prescribed_order(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    /* From the last fault to the first: each added one wins over those before. */
    size_t len = rsa_master(request, 1);
    lk_test_rsa_master(request, 1, NOW_S + 61);
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_TLS_RANDOM);
    request[22] = 1; /* sha384: the rule gives sha256 only */
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    request[21] = 255;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    request[17] ^= 1;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_KEY_ID);
    request[16] = 7;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_KEY_ID_TYPE);
    assert_int_equal(
        lk_test_front_count(&(struct lk_test_front){.counters = d->counters}, LK_C_POLICY_DENIED),
        1);
    close_desk(d);
}

/* 16 + 70 + 2 + 69 + 1 bytes: P-256, no proof. */
static size_t ecdhe(uint8_t *to, int64_t time, uint16_t scheme)
{
    struct lk_writer w = lk_writer_of(to, 512);
    struct lk_header header = {.designation = 1, .version = 1, .type = 6, .id = 1, .length = 158};
    lk_header_write(&w, &header);
    lk_writer_u8(&w, 0);
    lk_writer_put(&w, LK_TEST_EC_ID, LK_KEY_ID_BYTES);
    lk_writer_u8(&w, 0);
    memset(lk_writer_room(&w, 32), 0xc1, 32);
    lk_writer_u32(&w, (uint32_t)time);
    memset(lk_writer_room(&w, 28), 0x5e, 28);
    lk_writer_u16(&w, scheme);
    lk_writer_u8(&w, 3);
    lk_writer_u16(&w, LK_GROUP_SECP256R1);
    lk_writer_u8(&w, 65);
    memset(lk_writer_room(&w, 65), 4, 65);
    lk_writer_u8(&w, 0);
    assert_int_equal(w.len, 158);
    return w.len;
}

static void intake_judges_ecdhe_in_the_prescribed_order(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    uint64_t ref;
    size_t len = ecdhe(request, NOW_S + 10, 0x0403);
    ask(d, request, len);
    assert_int_equal(d->out_len, 0);
    assert_int_equal(next_job(d, &ref)->exchange, LK_X_TLS12_ECDHE);
    ecdhe(request, NOW_S + 10, 0x0503); /* sha384: the rule gives sha256 only */
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    ecdhe(request, NOW_S + 11, 0x0503);
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_TLS_RANDOM);
    request[21] = 255;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    memcpy(request + 17, LK_TEST_RSA_ID, 4); /* a key kept for decryption */
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_KEY_ID);
    request[len - 1] = 3;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_POO_PRF);
    request[90] = 0xff;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_EC_CURVE);
    request[88] = 1;
    assert_int_equal(status_of(d, request, len), LK_TLS12_INVALID_EC_TYPE);
    close_desk(d);
}

static void intake_window_is_inclusive_and_signed(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    static const struct {
        int64_t time;
        bool inside;
    } rows[] = {{NOW_S - 61, false}, {NOW_S - 60, true}, {NOW_S + 60, true},
                {NOW_S + 61, false}, {0, false},         {UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = lk_test_rsa_master(request, i, (uint32_t)rows[i].time);
        ask(d, request, len);
        assert_int_equal(d->out_len, rows[i].inside ? 0 : 20);
    }
    close_desk(d);
}

static uint32_t skewed(const struct lk_skew *skew, int64_t limit_s)
{
    for (unsigned i = 0; i < LK_SKEW_CELLS; i++)
        if (lk_skew_limit_s(i) == limit_s) return lk_skew_count(skew, i);
    return UINT32_MAX;
}

static void intake_counts_the_skew_of_an_edge_inside_and_outside_the_window(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    static const int64_t skews_s[] = {0, 0, 75, -4, 60, -100000};
    for (size_t i = 0; i < sizeof skews_s / sizeof skews_s[0]; i++)
        ask(d, request, lk_test_rsa_master(request, i, (uint32_t)(NOW_S + skews_s[i])));
    const struct lk_skew *own = &d->counters->edge_skew[lk_conn_edge(d->conn)->index];
    const struct lk_skew *both[] = {own, &d->counters->skew};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(skewed(both[i], 0), 2);
        assert_int_equal(skewed(both[i], 300), 1);
        assert_int_equal(skewed(both[i], -3), 1);
        assert_int_equal(skewed(both[i], 60), 1);
        assert_int_equal(skewed(both[i], -3601), 1);
    }
    close_desk(d);
}

/* --- streams -------------------------------------------------------------------------------- */

/* A ping, a fault with a payload, an rsa_master and a ping, cut at every pair of places. */
static void intake_finds_messages_however_they_are_cut(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t stream[512], master[512];
    size_t len = 0, master_len = rsa_master(master, 7);
    memcpy(stream, known[0].request, 16);
    len = 16;
    memcpy(stream + len, known[7].request, 17);
    len += 17;
    memcpy(stream + len, master, master_len);
    len += master_len;
    memcpy(stream + len, known[1].request, 16);
    len += 16;
    for (size_t cut = 0; cut <= len; cut++) {
        size_t second = cut + (len - cut) / 3;
        d->out_len = 0;
        lk_intake_stream(d->conn, lk_bytes_of(stream, cut));
        lk_intake_stream(d->conn, lk_bytes_of(stream + cut, second - cut));
        lk_intake_stream(d->conn, lk_bytes_of(stream + second, len - second));
        assert_int_equal(d->out_len, 16 + 20 + 16);
        uint64_t ref;
        struct lk_slot *slot = next_job(d, &ref);
        assert_int_equal(slot->job_bytes, master_len - 16);
        assert_memory_equal(slot->body, master + 16, master_len - 16);
        finish(d, slot, ref, FORTY_EIGHT);
        assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
        assert_memory_equal(d->out + d->out_len - 48, FORTY_EIGHT, 48);
    }
    assert_null(d->conn->part);
    close_desk(d);
}

static void intake_finds_messages_byte_by_byte(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t master[512];
    size_t len = rsa_master(master, 7);
    for (size_t i = 0; i < len; i++)
        lk_intake_stream(d->conn, lk_bytes_of(master + i, 1));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    assert_memory_equal(slot->body, master + 16, len - 16);
    close_desk(d);
}

static void intake_loses_the_cut_once_and_closes(void **state)
{
    (void)state;
    static const uint8_t lengths[][4] = {
        {0, 0, 0, 0}, {0, 0, 0, 15}, {0, 1, 0, 0}, {255, 255, 255, 255}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
        uint8_t stream[32];
        memcpy(stream, known[0].request, 16);
        memcpy(stream + 12, lengths[i], 4);
        memcpy(stream + 16, known[0].request, 16);
        ask(d, stream, sizeof stream);
        static const uint8_t answer[16] = {0, 1, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20};
        assert_int_equal(d->out_len, 20);
        assert_memory_equal(d->out, answer, 16);
        assert_int_equal(d->conn->state, LK_CONN_CLOSING);
        close_desk(d);
    }
}

static void intake_skips_a_refused_message_by_its_length(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t head[16] = {9, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0xff, 0xff};
    uint8_t rest[1024] = {0};
    ask(d, head, 16);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_LURK_INVALID_EXTENSION);
    assert_null(d->conn->part); /* nothing is kept for it */
    for (size_t left = 65535 - 16; left > 0;) {
        size_t n = left < sizeof rest ? left : sizeof rest;
        lk_intake_stream(d->conn, lk_bytes_of(rest, n));
        left -= n;
    }
    ask(d, known[0].request, 16);
    check_known(d, 0);
    close_desk(d);
}

static void intake_refuses_pieces_beyond_its_pool(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    struct lk_part *held[LK_PARTS_LARGE_PER_LOOP];
    for (size_t i = 0; i < LK_PARTS_LARGE_PER_LOOP; i++)
        held[i] = lk_part_take(&d->peers.parts, LK_PART_LARGE_BYTES, LK_SHARE_NOBODY);
    uint8_t head[16] = {1, 1, 3, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0x40, 0};
    ask(d, head, 16);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
    assert_int_equal(d->conn->skip, 0x4000 - 16);
    for (size_t i = 0; i < LK_PARTS_LARGE_PER_LOOP; i++)
        lk_part_release(&d->peers.parts, held[i]);
    close_desk(d);
}

/* --- slots ---------------------------------------------------------------------------------- */

static void intake_fills_the_slot_for_the_vault(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    size_t len = rsa_master(request, 0x1122334455667788);
    ask(d, request, len);
    assert_int_equal(d->out_len, 0);
    uint64_t ref;
    const struct lk_slot *slot = next_job(d, &ref);
    assert_int_equal(slot->state, LK_SLOT_SENT);
    assert_int_equal(slot->key_handle, UINT64_C(1) << 32);
    assert_int_equal(slot->exchange, LK_X_TLS12_RSA_MASTER);
    assert_int_equal(slot->sent_ns, START_NS);
    assert_int_equal(slot->deadline_ns, START_NS + 500 * LK_NS_PER_MS);
    assert_int_equal(slot->request_id, 0x1122334455667788);
    assert_int_equal(slot->peer_hash, d->conn->peer_hash);
    assert_int_equal(slot->job_bytes, len - 16);
    assert_int_equal(d->conn->in_flight, 1);
    close_desk(d);
}

static void intake_answers_out_of_order_and_wipes(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    uint64_t ref[3];
    struct lk_slot *slot[3];
    for (uint64_t i = 0; i < 3; i++) {
        ask(d, request, rsa_master(request, 100 + i));
        slot[i] = next_job(d, &ref[i]);
    }
    d->out_len = 0;
    for (int i = 2; i >= 0; i--)
        finish(d, slot[i], ref[i], FORTY_EIGHT);
    assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 3);
    assert_int_equal(d->out_len, 3 * 64);
    for (size_t i = 0; i < 3; i++) {
        uint8_t head[16] = {1, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(102 - i), 0, 0, 0, 64};
        assert_memory_equal(d->out + i * 64, head, 16);
        static const uint8_t zeros[327];
        assert_memory_equal(slot[i]->body, zeros, sizeof zeros);
        assert_int_equal(slot[i]->state, LK_SLOT_FREE);
    }
    assert_int_equal(d->conn->in_flight, 0);
    close_desk(d);
}

static void intake_holds_a_peer_to_its_cap(void **state)
{
    (void)state;
    struct desk *d = open_desk(
        &(struct lk_test_view_conf){.generation = 1, .limits = "  in_flight_per_peer: 2\n"});
    uint8_t request[512];
    for (uint64_t i = 0; i < 2; i++) {
        ask(d, request, rsa_master(request, i));
        assert_int_equal(d->out_len, 0);
    }
    ask(d, request, rsa_master(request, 2));
    static const uint8_t answer[16] = {0, 1, 2, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 20};
    assert_int_equal(d->out_len, 20);
    assert_memory_equal(d->out, answer, 16);
    assert_memory_equal(d->out + 16, d->conn->edge->lurk_state, 4);
    ask(d, known[0].request, 16); /* what takes no slot is still answered */
    check_known(d, 0);
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    finish(d, slot, ref, FORTY_EIGHT);
    lk_intake_collect(&d->intake, &d->peers);
    ask(d, request, rsa_master(request, 3));
    assert_int_equal(d->out_len, 0);
    close_desk(d);
}

static void intake_refuses_when_slots_run_out(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1, .limits = NULL});
    uint8_t request[512];
    uint32_t large = 0;
    while (lk_intake_no_slot(d->conn, d->conn->edge, 5000) == LK_COUNTER_COUNT) {
        struct lk_job job = {.conn = d->conn,
                             .edge = d->conn->edge,
                             .exchange = LK_X_TLS12_RSA_MASTER_WITH_POH,
                             .key = lk_keystore_at(d->view->keys, 0),
                             .payload = lk_bytes_of(d->out, 5000)};
        assert_true(lk_intake_send(&d->intake, &job));
        large++;
    }
    assert_int_equal(large, 4);
    ask(d, request, rsa_master(request, 1));
    assert_int_equal(d->out_len, 0); /* small ones are another pool */
    uint8_t poh[5016] = {1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0x13, 0x98};
    ask(d, poh, sizeof poh);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[0], 0);
    assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
    close_desk(d);
}

static void intake_answers_for_a_vault_that_does_not(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    ask(d, request, rsa_master(request, 5));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    d->peers.now_ns = START_NS + 549 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 0);
    d->peers.now_ns = START_NS + 550 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
    assert_int_equal(d->intake.lost, 1);
    d->peers.now_ns = START_NS + 2549 * LK_NS_PER_MS; /* a long batch is no reason to end the vault */
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->intake.stuck, 0);
    d->peers.now_ns = START_NS + 2550 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->intake.stuck, 1);
    d->out_len = 0;
    finish(d, slot, ref, FORTY_EIGHT); /* late: the slot comes home, nobody is answered twice */
    assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
    assert_int_equal(d->out_len, 0);
    assert_int_equal(d->intake.lost, 0);
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->intake.stuck, 0);
    assert_int_equal(slot->state, LK_SLOT_FREE);
    close_desk(d);
}

static void intake_turns_the_vaults_refusals_into_statuses(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    static const struct {
        uint16_t verdict, status;
        uint8_t designation, wire;
    } rows[] = {{LK_VERDICT_TEMPORARY, 0, 0, 7},
                {LK_VERDICT_ANSWER, 6, 1, 6},
                {LK_VERDICT_ANSWER, 14, 1, 14}};
    for (size_t i = 0; i < 3; i++) {
        ask(d, request, rsa_master(request, i));
        uint64_t ref;
        struct lk_slot *slot = next_job(d, &ref);
        slot->verdict = rows[i].verdict;
        slot->status = rows[i].status;
        slot->result_bytes = 0;
        slot->state = LK_SLOT_DONE;
        assert_int_equal(lk_ring_push(&d->to_loop, ref), LK_OK);
        assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
        assert_int_equal(d->out_len, 20);
        assert_int_equal(d->out[0], rows[i].designation);
        assert_int_equal(d->out[3], rows[i].wire);
        assert_int_equal(d->keep, i != 0); /* lurk.md 4: temporary_failure is not kept */
    }
    close_desk(d);
}

static void set_state(struct lk_slot *s)
{
    s->state = LK_SLOT_SENT;
}
static void set_status(struct lk_slot *s)
{
    s->status = 16;
}
static void set_bytes(struct lk_slot *s)
{
    s->result_bytes = LK_SLOT_SMALL_BODY_BYTES + 1;
}
static void set_verdict(struct lk_slot *s)
{
    s->verdict = 2;
}
static void set_generation(struct lk_slot *s)
{
    s->generation++;
}
static void set_fault_bytes(struct lk_slot *s)
{
    s->status = 9;
}

static void intake_gives_an_absurd_epoch_up(void **state)
{
    (void)state;
    static void (*const lie[])(struct lk_slot *) = {set_state,   set_status,     set_bytes,
                                                    set_verdict, set_generation, set_fault_bytes};
    static const uint64_t wrong_ref[] = {0xffffffff, UINT64_C(1) << 32,
                                         0}; /* outside, other loop's, none */
    uint8_t request[512];
    for (size_t i = 0; i < 9; i++) {
        struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
        ask(d, request, rsa_master(request, i));
        uint64_t ref;
        struct lk_slot *slot = next_job(d, &ref);
        memcpy(slot->body, FORTY_EIGHT, 48);
        slot->state = LK_SLOT_DONE;
        slot->status = 1;
        slot->result_bytes = 48;
        if (i < 6) lie[i](slot);
        assert_int_equal(lk_ring_push(&d->to_loop, i < 6 ? ref : wrong_ref[i - 6]), LK_OK);
        lk_intake_collect(&d->intake, &d->peers);
        assert_true(d->intake.broken);
        assert_int_equal(d->out_len, 0);
        ask(d, request, rsa_master(request, 50)); /* no more of this epoch */
        assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
        close_desk(d);
    }
}

static void intake_answers_an_old_epoch_at_once(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    for (uint64_t i = 0; i < 3; i++)
        ask(d, request, rsa_master(request, i));
    struct lk_segment old = d->segment;
    d->out_len = 0;
    fresh_segment(d, 2);
    lk_intake_epoch(&d->intake, &d->peers, &d->segment);
    assert_int_equal(d->out_len, 60);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(d->out[i * 20 + 3], LK_LURK_TEMPORARY_FAILURE);
    assert_int_equal(d->conn->in_flight, 0);
    ask(d, request, rsa_master(request, 9));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref); /* of the new segment */
    finish(d, slot, ref, FORTY_EIGHT);
    lk_intake_collect(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 64);
    lk_segment_unmap(&old);
    close_desk(d);
}

static void intake_forgets_results_of_a_peer_that_went(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    ask(d, request, rsa_master(request, 1));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    lk_conn_drop(d->conn);
    finish(d, slot, ref, FORTY_EIGHT);
    assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
    assert_int_equal(d->out_len, 0);
    assert_int_equal(slot->state, LK_SLOT_FREE);
    assert_int_equal(slot->body[0], 0);
    close_desk(d);
}

static void intake_judges_a_peer_again_under_a_new_view(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    struct lk_view *old = d->view;
    d->view = lk_test_view(&(struct lk_test_view_conf){
        .generation = 2, .edges = "- {name: other, tenant: a, match: 'uri:lurk://edge/2'}\n"});
    d->peers.view = d->view;
    uint32_t next = 0;
    assert_false(lk_peers_judge(&d->peers, &next, 32));
    lk_view_free(old);
    assert_int_equal(d->conn->state, LK_CONN_CLOSING);
    ask(d, known[0].request, 16);
    assert_int_equal(d->out_len, 0);
    close_desk(d);
}

static void intake_keeps_an_answer_within_the_transports_size(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    static const uint8_t tls12[16] = {1, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    d->conn->answer_bytes_max = 24;
    ask(d, tls12, 16);
    static const uint8_t answer[16] = {0, 1, 0, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 20};
    assert_int_equal(d->out_len, 20);
    assert_memory_equal(d->out, answer, 16);
    close_desk(d);
}

static void intake_takes_one_message_a_datagram(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t two[32];
    memcpy(two, known[0].request, 16);
    memcpy(two + 16, known[0].request, 16);
    lk_intake_message(d->conn, lk_bytes_of(two, 15), 5);
    assert_int_equal(d->out_len, 0);
    lk_intake_message(d->conn, lk_bytes_of(two, 32), 6);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_STATUS_INVALID_FORMAT);
    assert_int_equal(d->out[0], 0);
    assert_int_equal(d->tag, 6);
    assert_false(d->keep);
    close_desk(d);
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
        cmocka_unit_test(intake_answers_faults_as_the_reference_has_them),
        cmocka_unit_test(intake_capabilities_are_the_edges_own),
        cmocka_unit_test(intake_calls_a_closed_type_unknown),
        cmocka_unit_test(intake_judges_rsa_master_in_the_prescribed_order),
        cmocka_unit_test(intake_judges_ecdhe_in_the_prescribed_order),
        cmocka_unit_test(intake_counts_a_closed_type_as_denied),
        cmocka_unit_test(intake_counts_a_closed_extension_as_denied),
        cmocka_unit_test(intake_window_is_inclusive_and_signed),
        cmocka_unit_test(intake_counts_the_skew_of_an_edge_inside_and_outside_the_window),
        cmocka_unit_test(intake_finds_messages_however_they_are_cut),
        cmocka_unit_test(intake_finds_messages_byte_by_byte),
        cmocka_unit_test(intake_loses_the_cut_once_and_closes),
        cmocka_unit_test(intake_skips_a_refused_message_by_its_length),
        cmocka_unit_test(intake_refuses_pieces_beyond_its_pool),
        cmocka_unit_test(intake_fills_the_slot_for_the_vault),
        cmocka_unit_test(intake_answers_out_of_order_and_wipes),
        cmocka_unit_test(intake_holds_a_peer_to_its_cap),
        cmocka_unit_test(intake_refuses_when_slots_run_out),
        cmocka_unit_test(intake_answers_for_a_vault_that_does_not),
        cmocka_unit_test(intake_turns_the_vaults_refusals_into_statuses),
        cmocka_unit_test(intake_gives_an_absurd_epoch_up),
        cmocka_unit_test(intake_answers_an_old_epoch_at_once),
        cmocka_unit_test(intake_forgets_results_of_a_peer_that_went),
        cmocka_unit_test(intake_judges_a_peer_again_under_a_new_view),
        cmocka_unit_test(intake_keeps_an_answer_within_the_transports_size),
        cmocka_unit_test(intake_takes_one_message_a_datagram),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
