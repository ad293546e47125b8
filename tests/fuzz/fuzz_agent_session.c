/* A whole session of local clients at the agent's desk: the input is a list of steps; packets that
 * clients send, answers of the key server, sockets that take nothing, clients that go, time that
 * passes. Whatever comes, every client gets at most one answer to a request, with a tag it sent,
 * and at the end nothing is left under way. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/wire/header.h"
#include "tools/lurk-agent/desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 3
#define ERRANDS 16

static struct lk_agent_metrics metrics;
static struct lk_broker broker;
static struct lk_desk desk;
static bool blocked;
static uint64_t asked[CLIENTS], answered[CLIENTS]; /* packets */

static void require(bool holds)
{
    if (!holds) abort();
}

static int on_send(void *owner, uint32_t client, struct lk_bytes head, struct lk_bytes body)
{
    static uint8_t bytes[LK_PACKET_BYTES_MAX];
    struct lk_packet packet;
    (void)owner;
    if (blocked) return -EAGAIN;
    require(head.len + body.len <= sizeof bytes);
    memcpy(bytes, head.data, head.len);
    if (body.len > 0) memcpy(bytes + head.len, body.data, body.len);
    require(lk_packet_answer_read(lk_bytes_of(bytes, head.len + body.len), &packet));
    require(++answered[client] <= asked[client]);
    return 0;
}

static void on_watch(void *owner, uint32_t client, bool output)
{
    (void)owner, (void)client, (void)output;
}

static void on_close(void *owner, uint32_t client)
{
    (void)owner;
    require(client < CLIENTS && !desk.client[client].open);
    asked[client] = answered[client] = 0;
}

static void set_up(void)
{
    static const struct lk_desk_io io = {on_send, on_watch, on_close};
    static const struct lk_broker_conf broker_conf = {.try_ns = 800,
                                                      .total_ns = 1800,
                                                      .back_off_min_ns = 50,
                                                      .back_off_max_ns = 2000,
                                                      .in_flight_per_line = 8};
    static const struct lk_desk_conf conf = {.clients = CLIENTS,
                                             .in_flight = ERRANDS,
                                             .in_flight_large = 2,
                                             .in_flight_per_client = 6,
                                             .output_bytes_per_client = 70000,
                                             .unread_ns = 2000};
    memset(&metrics, 0, sizeof metrics);
    memset(asked, 0, sizeof asked);
    memset(answered, 0, sizeof answered);
    blocked = false;
    require(lk_broker_init(&broker, &broker_conf, ERRANDS, 1, &metrics));
    require(lk_desk_init(&desk, &conf, &broker, &metrics, &io, NULL) == LK_OK);
    for (uint32_t s = 0; s < 2; s++) {
        lk_broker_server_set(&broker, s, 0, 1);
        lk_broker_line_up(&broker, lk_line_of(s, 0));
    }
}

static void packet_in(uint32_t client, struct lk_bytes bytes, uint64_t now_ns)
{
    if (!desk.client[client].open) {
        require(lk_desk_open(&desk, bytes.len % 8 != 7, now_ns) != LK_CLIENT_NONE);
        return;
    }
    asked[client]++;
    bool lay = now_ns > 1500 && now_ns % 4 == 0;
    (void)lk_desk_packet(&desk, client, bytes, lay ? now_ns - 1500 : now_ns, now_ns);
}

/* The key server says `body` to a request that is under way. */
static void answer_in(uint32_t errand, uint8_t how, struct lk_bytes body, uint64_t now_ns)
{
    static uint8_t message[LK_MESSAGE_BYTES_MAX];
    const struct lk_errand *at = &broker.errand[errand];
    if (at->state != LK_ERRAND_SENT) return;
    size_t len = body.len > sizeof message - LK_HEADER_BYTES ? sizeof message - LK_HEADER_BYTES
                                                             : body.len;
    size_t whole = LK_HEADER_BYTES + len * (how >> 4);
    if (whole > sizeof message) whole = sizeof message;
    struct lk_writer w = lk_writer_of(message, sizeof message);
    const struct lk_header header = {
        .designation = 1, .version = 1, .status = 1, .id = at->wire_id, .length = (uint32_t)whole};
    uint32_t e;
    lk_header_write(&w, &header);
    enum lk_verdict verdict = (how & 3) == 0 ? LK_VERDICT_BUSY : LK_VERDICT_FINAL;
    if (lk_broker_answer(&broker, at->line, at->wire_id, verdict, now_ns, &e) == LK_ANSWERED_DONE)
        lk_desk_answer(&desk, e, lk_bytes_of(message, whole), now_ns);
}

static void decisions(uint64_t now_ns)
{
    struct lk_decision d;
    lk_broker_turn(&broker, now_ns);
    while (lk_broker_next(&broker, now_ns, &d))
        if (d.kind == LK_DECISION_FAIL) lk_desk_fail(&desk, d.errand, d.outcome, now_ns);
}

/* A step: u8 what and whom, vec16 bytes. */
static void step(struct lk_cursor *c, uint64_t *now_ns)
{
    uint8_t what = lk_cursor_u8(c);
    struct lk_bytes bytes = lk_cursor_vec16(c);
    uint32_t client = what % CLIENTS;
    if (c->bad) return;
    switch (what >> 4) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5: packet_in(client, bytes, *now_ns); break;
    case 6:
    case 7:
    case 8: answer_in(bytes.len > 0 ? bytes.data[0] % ERRANDS : 0, what, bytes, *now_ns); break;
    case 9: blocked = !blocked; break;
    case 10:
        if (desk.client[client].open) lk_desk_writable(&desk, client, *now_ns);
        break;
    case 11:
        if (desk.client[client].open) lk_desk_gone(&desk, client);
        asked[client] = answered[client] = 0;
        break;
    case 12: *now_ns += bytes.len * 10; break;
    case 13: lk_broker_line_down(&broker, lk_line_of(what & 1, 0), *now_ns); break;
    case 14:
        if (!broker.server[what & 1].line[0].up)
            lk_broker_line_up(&broker, lk_line_of(what & 1, 0));
        break;
    default: lk_desk_leave(&desk); break;
    }
    lk_desk_turn(&desk, *now_ns);
    decisions(*now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    uint64_t now_ns = 1000;
    set_up();
    while (!c.bad && lk_cursor_left(&c) > 0)
        step(&c, &now_ns);
    for (uint32_t i = 0; i < CLIENTS; i++)
        if (desk.client[i].open) lk_desk_gone(&desk, i);
    require(broker.in_flight == 0 && broker.decided.count == 0 && broker.waiting.count == 0);
    require(desk.parcels.pool[0].taken == 0 && desk.parcels.pool[1].taken == 0);
    for (size_t i = 0; i < (size_t)ERRANDS * LK_PARCEL_SMALL_BYTES; i++)
        require(desk.parcels.pool[0].memory[i] == 0); /* wiped */
    lk_desk_fini(&desk);
    lk_broker_fini(&broker);
    return 0;
}
