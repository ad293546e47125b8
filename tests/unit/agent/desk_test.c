/* The desk with sockets played by the test: what clients send, what they get, and what they may not
 * do. The broker behind it is the real one, with one server that the test answers for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/wire/header.h"
#include "tools/lurk-agent/desk.h"

#define MS LK_NS_PER_MS
#define T0 (1000 * MS)
#define CLIENTS 4
#define SENT_MAX 256

static struct lk_agent_metrics metrics;
static struct lk_broker broker;
static struct lk_desk desk;

/* What was sent to clients, in order. */
static struct sent {
    uint32_t client;
    struct lk_packet packet;
    uint8_t bytes[LK_PACKET_BYTES_MAX];
} sent[SENT_MAX];
static uint32_t sent_count, room; /* room: packets that the sockets still take */
static bool closed[CLIENTS], watched[CLIENTS];

static int play_send(void *owner, uint32_t client, struct lk_bytes head, struct lk_bytes body)
{
    (void)owner;
    assert_true(client < CLIENTS && sent_count < SENT_MAX);
    if (room == 0) return -EAGAIN;
    room--;
    struct sent *s = &sent[sent_count++];
    s->client = client;
    memcpy(s->bytes, head.data, head.len);
    if (body.len > 0) memcpy(s->bytes + head.len, body.data, body.len);
    assert_true(lk_packet_answer_read(lk_bytes_of(s->bytes, head.len + body.len), &s->packet));
    return 0;
}

static void play_watch(void *owner, uint32_t client, bool output)
{
    (void)owner;
    watched[client] = output;
}

static void play_close(void *owner, uint32_t client)
{
    (void)owner;
    assert_false(closed[client]);
    closed[client] = true;
}

static const struct lk_desk_io io = {play_send, play_watch, play_close};

static int set_up(void **state)
{
    static const struct lk_broker_conf broker_conf = {.try_ns = 800 * MS,
                                                      .total_ns = 1800 * MS,
                                                      .back_off_min_ns = 50 * MS,
                                                      .back_off_max_ns = 2000 * MS,
                                                      .in_flight_per_line = 1000};
    static const struct lk_desk_conf conf = {.clients = CLIENTS,
                                             .in_flight = 64,
                                             .in_flight_large = 2,
                                             .in_flight_per_client = 16,
                                             .output_bytes_per_client = 65536,
                                             .unread_ns = 2000 * MS};
    (void)state;
    memset(&metrics, 0, sizeof metrics);
    memset(closed, 0, sizeof closed);
    memset(watched, 0, sizeof watched);
    sent_count = 0;
    room = SENT_MAX;
    if (!lk_broker_init(&broker, &broker_conf, conf.in_flight, 7, &metrics)) return -1;
    lk_broker_server_set(&broker, 0, 0, 1);
    lk_broker_line_up(&broker, 0);
    return lk_desk_init(&desk, &conf, &broker, &metrics, &io, NULL) == LK_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < CLIENTS; c++)
        if (desk.client[c].open) lk_desk_gone(&desk, c);
    assert_int_equal(broker.in_flight, 0);
    assert_int_equal(desk.parcels.pool[0].taken + desk.parcels.pool[1].taken, 0);
    lk_desk_fini(&desk);
    lk_broker_fini(&broker);
    return 0;
}

/* A packet with a LURK message of this id and length. */
static struct lk_bytes packet_of(uint32_t tag, uint64_t id, uint32_t length)
{
    static uint8_t bytes[LK_PACKET_BYTES_MAX], message[LK_MESSAGE_BYTES_MAX];
    struct lk_writer m = lk_writer_of(message, sizeof message),
                     w = lk_writer_of(bytes, sizeof bytes);
    const struct lk_header header = {
        .designation = 1, .version = 1, .type = 6, .id = id, .length = length};
    memset(message, 0x5a, sizeof message);
    lk_header_write(&m, &header);
    const struct lk_packet packet = {
        .kind = LK_PACKET_REQUEST, .tag = tag, .body = lk_bytes_of(message, length)};
    lk_packet_write(&w, &packet);
    assert_false(w.bad);
    return lk_bytes_of(bytes, w.len);
}

static struct lk_header header_of(struct lk_bytes message)
{
    struct lk_cursor c = lk_cursor_of(message);
    struct lk_header header;
    lk_header_read(&c, &header);
    return header;
}

static uint32_t open_client(void)
{
    uint32_t c = lk_desk_open(&desk, true, T0);
    assert_int_not_equal(c, LK_CLIENT_NONE);
    return c;
}

/* The errand that is to be sent next. */
static uint32_t decided(void)
{
    struct lk_decision d;
    lk_broker_turn(&broker, T0);
    assert_true(lk_broker_next(&broker, T0, &d));
    assert_int_equal(d.kind, LK_DECISION_SEND);
    return d.errand;
}

/* The key server answers a request with `length` bytes. */
static void answer(uint32_t errand, uint32_t length, uint64_t now_ns)
{
    static uint8_t message[LK_MESSAGE_BYTES_MAX];
    struct lk_header header = header_of(lk_desk_request(&desk, errand));
    struct lk_writer w = lk_writer_of(message, sizeof message);
    uint32_t e;
    memset(message, 0xa5, sizeof message);
    header.status = 1;
    header.length = length;
    lk_header_write(&w, &header);
    assert_int_equal(lk_broker_answer(&broker, 0, header.id, LK_VERDICT_FINAL, now_ns, &e),
                     LK_ANSWERED_DONE);
    assert_int_equal(e, errand);
    lk_desk_answer(&desk, e, lk_bytes_of(message, length), now_ns);
}

static void desk_gives_each_request_an_id_of_its_own_and_back(void **state)
{
    (void)state;
    uint32_t a = open_client(), b = open_client();
    assert_true(lk_desk_packet(&desk, a, packet_of(11, 77, 100), T0, T0));
    assert_true(lk_desk_packet(&desk, b, packet_of(22, 77, 100), T0, T0)); /* the same id */
    uint32_t first = decided(), second = decided();
    struct lk_header x = header_of(lk_desk_request(&desk, first));
    struct lk_header y = header_of(lk_desk_request(&desk, second));
    assert_true(x.id != 77 && y.id != 77 && x.id != y.id);
    assert_int_equal(x.type, 6);
    assert_int_equal(x.length, 100);
    assert_int_equal(lk_desk_request(&desk, first).data[16], 0x5a);
    answer(second, 80, T0);
    answer(first, 90, T0);
    assert_int_equal(sent_count, 2);
    assert_int_equal(sent[0].client, b);
    assert_int_equal(sent[0].packet.tag, 22);
    assert_int_equal(sent[1].client, a);
    assert_int_equal(sent[1].packet.tag, 11);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sent[i].packet.outcome, LK_PACKET_ANSWERED);
        assert_int_equal(header_of(sent[i].packet.body).id, 77);
    }
    assert_int_equal(sent[1].packet.body.len, 90);
    assert_int_equal(sent[1].packet.body.data[89], 0xa5);
}

static void desk_answers_a_stranger_once_and_closes(void **state)
{
    (void)state;
    uint32_t c = lk_desk_open(&desk, false, T0);
    assert_false(lk_desk_packet(&desk, c, packet_of(5, 1, 100), T0, T0));
    assert_int_equal(sent_count, 1);
    assert_int_equal(sent[0].packet.outcome, LK_PACKET_FORBIDDEN);
    assert_int_equal(sent[0].packet.tag, 5);
    assert_true(closed[c]);
    assert_int_equal(broker.in_flight, 0);
    /* One that says nothing goes as well. */
    closed[c] = false;
    c = lk_desk_open(&desk, false, T0);
    lk_desk_turn(&desk, T0 + LK_AGENT_STRANGER_MS * MS);
    assert_true(closed[c]);
}

static void desk_says_what_is_wrong_with_a_packet(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value, outcome;
    } rows[] = {
        {0, 'X', LK_PACKET_MALFORMED}, {2, 2, LK_PACKET_UNKNOWN},     {3, 9, LK_PACKET_UNKNOWN},
        {10, 1, LK_PACKET_MALFORMED},  {27, 99, LK_PACKET_MALFORMED}, {15, 1, LK_PACKET_MALFORMED},
    };
    uint32_t c = open_client();
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_bytes packet = packet_of(7, 1, 100);
        uint8_t bytes[112];
        memcpy(bytes, packet.data, packet.len);
        bytes[rows[i].at] = rows[i].value;
        assert_true(lk_desk_packet(&desk, c, lk_bytes_of(bytes, packet.len), T0, T0));
        assert_int_equal(sent_count, i + 1);
        assert_int_equal(sent[i].packet.outcome, rows[i].outcome);
        assert_int_equal(sent[i].packet.tag, rows[i].at == 0 ? 0 : 7);
    }
    assert_int_equal(broker.in_flight, 0);
}

static void desk_bounds_the_requests_of_a_client(void **state)
{
    (void)state;
    uint32_t a = open_client(), b = open_client();
    for (uint32_t i = 0; i < 20; i++)
        assert_true(lk_desk_packet(&desk, a, packet_of(i, i, 100), T0, T0));
    assert_int_equal(sent_count, 4);
    assert_int_equal(sent[0].packet.outcome, LK_PACKET_FULL);
    assert_int_equal(sent[0].packet.tag, 16);
    assert_int_equal(broker.in_flight, 16);
    assert_true(lk_desk_packet(&desk, b, packet_of(1, 1, 100), T0, T0)); /* the other one has room */
    assert_int_equal(broker.in_flight, 17);
}

static void desk_bounds_large_messages(void **state)
{
    (void)state;
    uint32_t c = open_client();
    for (uint32_t i = 0; i < 3; i++)
        assert_true(lk_desk_packet(&desk, c, packet_of(i, i, 5000), T0, T0));
    assert_int_equal(sent_count, 1);
    assert_int_equal(sent[0].packet.outcome, LK_PACKET_FULL);
    /* A small request whose answer is large and finds no room. */
    uint32_t first = decided();
    (void)decided();
    assert_true(lk_desk_packet(&desk, c, packet_of(9, 9, 100), T0, T0));
    uint32_t small = decided();
    answer(small, 5000, T0);
    assert_int_equal(sent[1].packet.outcome, LK_PACKET_FULL);
    assert_int_equal(sent[1].packet.tag, 9);
    answer(first, 65535, T0);
    assert_int_equal(sent[2].packet.outcome, LK_PACKET_ANSWERED);
    assert_int_equal(sent[2].packet.body.len, 65535);
}

static void desk_keeps_what_a_slow_client_does_not_read_yet(void **state)
{
    (void)state;
    uint32_t c = open_client();
    room = 1;
    for (uint32_t i = 0; i < 3; i++)
        assert_true(lk_desk_packet(&desk, c, packet_of(i, i, 100), T0, T0));
    for (uint32_t i = 0; i < 3; i++)
        answer(decided(), 200, T0);
    assert_int_equal(sent_count, 1);
    assert_true(watched[c]);
    assert_int_equal(broker.in_flight, 2); /* they count until they are read */
    room = 5;
    lk_desk_writable(&desk, c, T0 + 10 * MS);
    assert_int_equal(sent_count, 3);
    assert_int_equal(sent[1].packet.tag, 1);
    assert_int_equal(sent[2].packet.tag, 2);
    assert_false(watched[c]);
    assert_int_equal(lk_desk_due_ns(&desk), UINT64_MAX);
}

static void desk_cuts_off_who_does_not_read(void **state)
{
    (void)state;
    uint32_t c = open_client();
    room = 0;
    assert_true(lk_desk_packet(&desk, c, packet_of(1, 1, 100), T0, T0));
    answer(decided(), 200, T0);
    lk_desk_turn(&desk, T0 + 2000 * MS - 1);
    assert_false(closed[c]);
    assert_int_equal(lk_desk_due_ns(&desk), T0 + 2000 * MS);
    lk_desk_turn(&desk, T0 + 2000 * MS);
    assert_true(closed[c]);
    assert_int_equal(broker.in_flight, 0);
    assert_int_equal(lk_agent_get(&metrics, LK_A_CUT_UNREAD), 1);
}

static void desk_cuts_off_at_so_many_bytes(void **state)
{
    (void)state;
    uint32_t c = open_client();
    room = 0;
    for (uint32_t i = 0; i < 2; i++)
        assert_true(lk_desk_packet(&desk, c, packet_of(i, i, 100), T0, T0));
    answer(decided(), 40000, T0);
    assert_false(closed[c]);
    answer(decided(), 40000, T0);
    assert_true(closed[c]);
    assert_int_equal(lk_agent_get(&metrics, LK_A_CUT_OUTPUT), 1);
    /* And who is told of a fault and has no room for that. */
    closed[c] = false;
    c = open_client();
    assert_false(lk_desk_packet(&desk, c, lk_bytes_of("x", 1), T0, T0));
    assert_true(closed[c]);
}

static void desk_forgets_a_client_that_went(void **state)
{
    (void)state;
    uint32_t c = open_client();
    assert_true(lk_desk_packet(&desk, c, packet_of(1, 1, 100), T0, T0));
    uint32_t e = decided(), none;
    uint64_t id = header_of(lk_desk_request(&desk, e)).id;
    lk_desk_gone(&desk, c);
    assert_int_equal(lk_broker_answer(&broker, 0, id, LK_VERDICT_FINAL, T0, &none),
                     LK_ANSWERED_STRANGE);
    assert_int_equal(lk_agent_get(&metrics, LK_A_ABANDONED), 1);
    assert_int_equal(broker.server[0].in_flight, 0);
}

static void desk_wipes_requests_and_answers(void **state)
{
    (void)state;
    uint32_t c = open_client();
    assert_true(lk_desk_packet(&desk, c, packet_of(1, 1, 100), T0, T0));
    assert_true(lk_desk_packet(&desk, c, packet_of(2, 2, 100), T0, T0));
    uint32_t first = decided();
    const uint8_t *small = desk.parcels.pool[0].memory, *large = desk.parcels.pool[1].memory;
    answer(first, 300, T0);      /* longer than its request */
    answer(decided(), 3000, T0); /* in another place than its request */
    for (size_t i = 0; i < 2 * LK_PARCEL_SMALL_BYTES; i++)
        assert_int_equal(small[i], 0);
    for (size_t i = 0; i < LK_PARCEL_LARGE_BYTES; i++)
        assert_int_equal(large[i], 0);
}

static void desk_that_leaves_says_so(void **state)
{
    (void)state;
    struct lk_decision d;
    uint32_t a = open_client(), b = open_client(), idle = open_client();
    assert_true(lk_desk_packet(&desk, a, packet_of(1, 1, 100), T0, T0));
    uint32_t under_way = decided();
    assert_true(lk_desk_packet(&desk, b, packet_of(2, 2, 100), T0, T0)); /* not sent yet */
    lk_desk_leave(&desk);
    assert_true(lk_broker_next(&broker, T0, &d));
    assert_int_equal(d.kind, LK_DECISION_FAIL);
    lk_desk_fail(&desk, d.errand, d.outcome, T0);
    assert_int_equal(sent[0].packet.outcome, LK_PACKET_LEAVING);
    assert_int_equal(sent[0].packet.tag, 2);
    assert_true(closed[b]);
    assert_true(lk_desk_packet(&desk, a, packet_of(3, 3, 100), T0, T0));
    assert_int_equal(sent[1].packet.outcome, LK_PACKET_LEAVING);
    lk_desk_close_idle(&desk);
    assert_true(closed[idle] && !closed[a]);
    answer(under_way, 100, T0);
    assert_int_equal(sent[2].packet.outcome, LK_PACKET_ANSWERED);
    assert_true(closed[a]);
}

static void desk_tells_its_status(void **state)
{
    (void)state;
    uint8_t bytes[LK_PACKET_HEAD_BYTES];
    struct lk_writer w = lk_writer_of(bytes, sizeof bytes);
    const struct lk_packet ask = {.kind = LK_PACKET_STATUS_REQUEST, .tag = 3};
    uint32_t c = open_client();
    lk_packet_write(&w, &ask);
    assert_true(lk_desk_packet(&desk, c, lk_bytes_of(bytes, w.len), T0, T0));
    assert_int_equal(sent[0].packet.kind, LK_PACKET_STATUS);
    assert_int_equal(sent[0].packet.tag, 3);
    static const char first[] = "lurk_agent_clients 1\n";
    assert_memory_equal(sent[0].packet.body.data, first, sizeof first - 1);
    assert_int_equal(sent[0].packet.body.data[sent[0].packet.body.len - 1], '\n');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define LATER (10 * T0)

/* A request's time runs from when the client sent it: what lay unread for longer is refused as too
 * late, and no key server hears of it; what lay for a part of it has the rest. */
static void desk_sends_nothing_that_nobody_waits_for(void **state)
{
    (void)state;
    uint32_t c = open_client();
    struct lk_decision d;
    assert_true(lk_desk_packet(&desk, c, packet_of(1, 1, 100), LATER - 1800 * MS, LATER)); /* our bound */
    assert_int_equal(sent_count, 1);
    assert_int_equal(sent[0].packet.tag, 1);
    assert_int_equal(sent[0].packet.outcome, LK_PACKET_TIMEOUT);
    lk_broker_turn(&broker, LATER);
    assert_false(lk_broker_next(&broker, LATER, &d));
    struct lk_bytes packet = packet_of(2, 2, 100);
    ((uint8_t *)packet.data)[8] = 0, ((uint8_t *)packet.data)[9] = 200; /* left: 200 ms */
    assert_true(lk_desk_packet(&desk, c, packet, LATER - 200 * MS, LATER));
    assert_int_equal(sent_count, 2);
    assert_int_equal(sent[1].packet.outcome, LK_PACKET_TIMEOUT);
    assert_true(lk_desk_packet(&desk, c, packet, LATER - 150 * MS, LATER));
    lk_broker_turn(&broker, LATER);
    assert_true(lk_broker_next(&broker, LATER, &d));
    assert_int_equal(d.kind, LK_DECISION_SEND);
    assert_true(broker.errand[d.errand].until_ns == LATER + 50 * MS);
    lk_broker_turn(&broker, LATER + 50 * MS);
    assert_true(lk_broker_next(&broker, LATER + 50 * MS, &d));
    assert_int_equal(d.kind, LK_DECISION_FAIL);
    lk_desk_fail(&desk, d.errand, d.outcome, LATER + 50 * MS);
    assert_int_equal(sent[2].packet.outcome, LK_PACKET_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(desk_gives_each_request_an_id_of_its_own_and_back),
        TEST(desk_answers_a_stranger_once_and_closes),
        TEST(desk_says_what_is_wrong_with_a_packet),
        TEST(desk_bounds_the_requests_of_a_client),
        TEST(desk_bounds_large_messages),
        TEST(desk_keeps_what_a_slow_client_does_not_read_yet),
        TEST(desk_cuts_off_who_does_not_read),
        TEST(desk_cuts_off_at_so_many_bytes),
        TEST(desk_forgets_a_client_that_went),
        TEST(desk_wipes_requests_and_answers),
        TEST(desk_that_leaves_says_so),
        TEST(desk_tells_its_status),
        TEST(desk_sends_nothing_that_nobody_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
