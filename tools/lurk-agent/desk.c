#include "tools/lurk-agent/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/wire/header.h"
#include "core/wire/registry.h"
#include "crypto/ct.h"
#include "tools/liblurk/lurk.h"

#define ID_OFFSET 4
#define STATUS_BYTES_MAX 61440
#define ID_DRAWS_MAX 4 /* a drawn id that is in use already is drawn again */

lk_err lk_desk_init(struct lk_desk *d, const struct lk_desk_conf *conf, struct lk_broker *broker,
                    struct lk_agent_metrics *metrics, const struct lk_desk_io *io, void *owner)
{
    *d = (struct lk_desk){.conf = *conf,
                          .io = io,
                          .owner = owner,
                          .broker = broker,
                          .metrics = metrics,
                          .client = calloc(conf->clients, sizeof *d->client),
                          .ask = calloc(conf->in_flight, sizeof *d->ask)};
    lk_rng_init(&d->rng);
    bool due = lk_due_init(&d->due, conf->clients);
    LK_REQUIRE(d->client != NULL && d->ask != NULL && due, LK_ERR_MEMORY);
    for (uint32_t i = 0; i < conf->clients; i++)
        d->client[i].next_free = i + 1 < conf->clients ? i + 1 : LK_CLIENT_NONE;
    return lk_parcels_init(&d->parcels, conf->in_flight, conf->in_flight_large);
}

void lk_desk_fini(struct lk_desk *d)
{
    lk_parcels_fini(&d->parcels);
    lk_due_fini(&d->due);
    LK_WIPE(d->rng);
    free(d->client);
    free(d->ask);
}

/* --- clients -------------------------------------------------------------------------------- */

uint32_t lk_desk_open(struct lk_desk *d, bool allowed, uint64_t now_ns)
{
    uint32_t c = d->free;
    lk_agent_count(d->metrics, c == LK_CLIENT_NONE ? LK_A_CLIENTS_FULL
                               : allowed           ? LK_A_CLIENTS_OPENED
                                                   : LK_A_CLIENTS_FORBIDDEN);
    if (c == LK_CLIENT_NONE) return c;
    d->free = d->client[c].next_free;
    d->client[c] = (struct lk_desk_client){.open = true,
                                           .allowed = allowed,
                                           .first = LK_ERRAND_NONE,
                                           .unread_head = LK_ERRAND_NONE,
                                           .unread_tail = LK_ERRAND_NONE};
    if (!allowed) lk_due_set(&d->due, c, now_ns + LK_AGENT_STRANGER_MS * LK_NS_PER_MS);
    lk_agent_set(d->metrics, LK_A_CLIENTS, ++d->open);
    return c;
}

static void unlink_ask(struct lk_desk *d, uint32_t e)
{
    struct lk_ask *ask = &d->ask[e];
    struct lk_desk_client *client = &d->client[ask->client];
    if (ask->prev != LK_ERRAND_NONE)
        d->ask[ask->prev].next = ask->next;
    else if (ask->unread)
        client->unread_head = ask->next;
    else
        client->first = ask->next;
    if (ask->next != LK_ERRAND_NONE)
        d->ask[ask->next].prev = ask->prev;
    else if (ask->unread)
        client->unread_tail = ask->prev;
}

/* The errand, the ask and the parcel are free again. */
static void forget(struct lk_desk *d, uint32_t e)
{
    struct lk_ask *ask = &d->ask[e];
    unlink_ask(d, e);
    d->client[ask->client].in_flight--;
    lk_parcel_release(&d->parcels, ask->parcel);
    LK_WIPE(*ask);
    lk_broker_release(d->broker, e);
    lk_agent_set(d->metrics, LK_A_IN_FLIGHT, d->broker->in_flight);
}

void lk_desk_gone(struct lk_desk *d, uint32_t c)
{
    struct lk_desk_client *client = &d->client[c];
    LK_ASSERT(client->open);
    while (client->first != LK_ERRAND_NONE) {
        lk_agent_count(d->metrics, LK_A_ABANDONED);
        forget(d, client->first);
    }
    while (client->unread_head != LK_ERRAND_NONE)
        forget(d, client->unread_head);
    LK_ASSERT(client->in_flight == 0);
    lk_due_drop(&d->due, c);
    *client = (struct lk_desk_client){.next_free = d->free};
    d->free = c;
    lk_agent_set(d->metrics, LK_A_CLIENTS, --d->open);
}

static void cut(struct lk_desk *d, uint32_t c)
{
    lk_desk_gone(d, c);
    d->io->close(d->owner, c);
}

static void close_if_idle(struct lk_desk *d, uint32_t c)
{
    if (d->leaving && d->client[c].open && d->client[c].in_flight == 0) cut(d, c);
}

void lk_desk_forbid(struct lk_desk *d, uint32_t c)
{
    cut(d, c);
}

/* --- packets out ---------------------------------------------------------------------------- */

static int send_packet(struct lk_desk *d, uint32_t c, const struct lk_packet *packet)
{
    uint8_t bytes[LK_PACKET_HEAD_BYTES];
    struct lk_writer w = lk_writer_of(bytes, sizeof bytes);
    struct lk_packet head = *packet;
    head.body = lk_bytes_of(NULL, 0);
    lk_packet_write(&w, &head);
    LK_ASSERT(!w.bad && w.len == sizeof bytes);
    int err = d->io->send(d->owner, c, lk_bytes_of(bytes, sizeof bytes), packet->body);
    if (err == 0 && packet->kind == LK_PACKET_ANSWER)
        lk_agent_count(d->metrics, (enum lk_agent_row)(LK_A_OUTCOME_0 + packet->outcome));
    return err;
}

/* An answer that no request keeps: who does not read it is cut off. False: the client is closed. */
static bool reply(struct lk_desk *d, uint32_t c, const struct lk_packet *packet)
{
    int err = send_packet(d, c, packet);
    if (err == 0) return true;
    if (err == -EAGAIN) lk_agent_count(d->metrics, LK_A_CUT_OUTPUT);
    cut(d, c);
    return false;
}

static bool reply_outcome(struct lk_desk *d, uint32_t c, uint32_t tag, uint8_t outcome)
{
    const struct lk_packet packet = {.kind = LK_PACKET_ANSWER, .tag = tag, .outcome = outcome};
    return reply(d, c, &packet);
}

/* As many whole lines as a packet takes. */
static bool reply_status(struct lk_desk *d, uint32_t c, uint32_t tag)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) return reply_outcome(d, c, tag, LK_PACKET_FULL);
    lk_agent_metrics_status(d->metrics, to);
    fclose(to);
    while (len > STATUS_BYTES_MAX || (len > 0 && text[len - 1] != '\n'))
        len--;
    const struct lk_packet packet = {
        .kind = LK_PACKET_STATUS, .tag = tag, .body = lk_bytes_of(text, len)};
    bool open = reply(d, c, &packet);
    free(text);
    return open;
}

static int send_ask(struct lk_desk *d, uint32_t e)
{
    const struct lk_ask *ask = &d->ask[e];
    struct lk_packet packet = {.kind = LK_PACKET_ANSWER, .tag = ask->tag, .outcome = ask->outcome};
    if (ask->outcome == LK_PACKET_ANSWERED)
        packet.body = lk_bytes_of(lk_parcel_data(&d->parcels, ask->parcel), ask->bytes);
    return send_packet(d, ask->client, &packet);
}

/* Of what waits unread the oldest says how long the client has. */
static void set_unread_due(struct lk_desk *d, uint32_t c)
{
    struct lk_desk_client *client = &d->client[c];
    bool unread = client->unread_head != LK_ERRAND_NONE;
    if (unread)
        lk_due_set(&d->due, c, d->ask[client->unread_head].done_ns + d->conf.unread_ns);
    else
        lk_due_drop(&d->due, c);
    if (client->watched != unread) d->io->watch(d->owner, c, unread);
    client->watched = unread;
}

static void push_unread(struct lk_desk *d, uint32_t e)
{
    struct lk_ask *ask = &d->ask[e];
    struct lk_desk_client *client = &d->client[ask->client];
    unlink_ask(d, e);
    ask->unread = true;
    ask->next = LK_ERRAND_NONE;
    ask->prev = client->unread_tail;
    if (client->unread_tail == LK_ERRAND_NONE)
        client->unread_head = e;
    else
        d->ask[client->unread_tail].next = e;
    client->unread_tail = e;
    client->unread_bytes += LK_PACKET_HEAD_BYTES + ask->bytes;
}

/* The answer stands in the ask: out with it, or it waits for the client to read. */
static void deliver(struct lk_desk *d, uint32_t e, uint64_t now_ns)
{
    struct lk_ask *ask = &d->ask[e];
    uint32_t c = ask->client;
    struct lk_desk_client *client = &d->client[c];
    ask->done_ns = now_ns;
    int err = client->unread_head == LK_ERRAND_NONE ? send_ask(d, e) : -EAGAIN;
    if (err == 0) {
        forget(d, e);
        close_if_idle(d, c);
    } else if (err != -EAGAIN) {
        cut(d, c);
    } else {
        push_unread(d, e);
        if (client->unread_bytes > d->conf.output_bytes_per_client) {
            lk_agent_count(d->metrics, LK_A_CUT_OUTPUT);
            cut(d, c);
            return;
        }
        set_unread_due(d, c);
    }
}

void lk_desk_writable(struct lk_desk *d, uint32_t c, uint64_t now_ns)
{
    struct lk_desk_client *client = &d->client[c];
    (void)now_ns;
    while (client->unread_head != LK_ERRAND_NONE) {
        uint32_t e = client->unread_head;
        int err = send_ask(d, e);
        if (err == -EAGAIN) break;
        if (err != 0) {
            cut(d, c);
            return;
        }
        client->unread_bytes -= LK_PACKET_HEAD_BYTES + d->ask[e].bytes;
        forget(d, e);
    }
    set_unread_due(d, c);
    close_if_idle(d, c);
}

/* --- packets in ----------------------------------------------------------------------------- */

/* An errand under an id that nobody could guess. */
static uint32_t take_errand(struct lk_desk *d, uint64_t left_ns, uint8_t needs, uint64_t now_ns,
                            uint64_t *id)
{
    for (int i = 0; i < ID_DRAWS_MAX; i++) {
        if (!lk_rng_bytes(&d->rng, id, sizeof *id)) return LK_ERRAND_NONE;
        uint32_t e = lk_broker_take(d->broker, *id, left_ns, needs, now_ns);
        if (e != LK_ERRAND_NONE || d->broker->in_flight == d->broker->room) return e;
    }
    return LK_ERRAND_NONE;
}

static void id_put(uint8_t *message, uint64_t id)
{
    struct lk_writer w = lk_writer_of(message + ID_OFFSET, sizeof id);
    lk_writer_u64(&w, id);
}

static struct lk_header header_of(struct lk_bytes message)
{
    struct lk_cursor c = lk_cursor_of(message);
    struct lk_header header;
    lk_header_read(&c, &header);
    return header;
}

static void link_ask(struct lk_desk *d, uint32_t e, uint32_t c, const struct lk_packet *packet,
                     uint32_t parcel)
{
    struct lk_desk_client *client = &d->client[c];
    d->ask[e] = (struct lk_ask){.client_id = header_of(packet->body).id,
                                .client = c,
                                .tag = packet->tag,
                                .parcel = parcel,
                                .bytes = (uint32_t)packet->body.len,
                                .next = client->first,
                                .prev = LK_ERRAND_NONE};
    if (client->first != LK_ERRAND_NONE) d->ask[client->first].prev = e;
    client->first = e;
    client->in_flight++;
}

/* Capabilities are long answers, in every extension. */
static uint8_t needs_of(struct lk_bytes message)
{
    uint8_t needs = message.len > LK_AGENT_DATAGRAM_BYTES_MAX ? LK_NEEDS_STREAM : 0;
    if (header_of(message).type == LURK_TYPE_CAPABILITIES) needs |= LK_NEEDS_STREAM | LK_NEEDS_ROOM;
    return needs;
}

/* What is left of the time that the client gives it, or we do. 0: nothing, nobody waits. */
static uint64_t left_ns_of(const struct lk_desk *d, const struct lk_packet *packet,
                           uint64_t waited_ns)
{
    uint64_t bound_ns = packet->left_ms * LK_NS_PER_MS, total_ns = d->broker->conf.total_ns;
    if (bound_ns == 0 || bound_ns > total_ns) bound_ns = total_ns;
    return waited_ns < bound_ns ? bound_ns - waited_ns : 0;
}

static bool take_request(struct lk_desk *d, uint32_t c, const struct lk_packet *packet,
                         uint64_t sent_ns, uint64_t now_ns)
{
    struct lk_desk_client *client = &d->client[c];
    uint64_t left_ns = left_ns_of(d, packet, now_ns - sent_ns);
    uint64_t id;
    lk_agent_count(d->metrics, LK_A_REQUESTS);
    if (d->leaving) return reply_outcome(d, c, packet->tag, LK_PACKET_LEAVING);
    if (client->in_flight >= d->conf.in_flight_per_client)
        return reply_outcome(d, c, packet->tag, LK_PACKET_FULL);
    if (left_ns == 0) return reply_outcome(d, c, packet->tag, LK_PACKET_TIMEOUT);
    uint32_t parcel = lk_parcel_take(&d->parcels, packet->body.len);
    if (parcel == LK_PARCEL_NONE) return reply_outcome(d, c, packet->tag, LK_PACKET_FULL);
    uint32_t e = take_errand(d, left_ns, needs_of(packet->body), now_ns, &id);
    if (e == LK_ERRAND_NONE) {
        lk_parcel_release(&d->parcels, parcel);
        return reply_outcome(d, c, packet->tag, LK_PACKET_FULL);
    }
    uint8_t *bytes = lk_parcel_write(&d->parcels, parcel, packet->body.len);
    memcpy(bytes, packet->body.data, packet->body.len);
    link_ask(d, e, c, packet, parcel);
    d->ask[e].sent_ns = sent_ns;
    id_put(bytes, id);
    lk_agent_set(d->metrics, LK_A_IN_FLIGHT, d->broker->in_flight);
    return true;
}

bool lk_desk_packet(struct lk_desk *d, uint32_t c, struct lk_bytes bytes, uint64_t sent_ns,
                    uint64_t now_ns)
{
    LK_ASSERT(sent_ns <= now_ns);
    struct lk_packet packet;
    uint8_t outcome = (uint8_t)lk_packet_request_read(bytes, &packet);
    if (!d->client[c].allowed) {
        if (reply_outcome(d, c, packet.tag, LK_PACKET_FORBIDDEN)) cut(d, c);
        return false;
    }
    if (outcome != LK_PACKET_ANSWERED) return reply_outcome(d, c, packet.tag, outcome);
    if (packet.kind == LK_PACKET_STATUS) return reply_status(d, c, packet.tag);
    if (header_of(packet.body).status != LK_STATUS_REQUEST)
        return reply_outcome(d, c, packet.tag, LK_PACKET_MALFORMED);
    return take_request(d, c, &packet, sent_ns, now_ns);
}

/* --- answers -------------------------------------------------------------------------------- */

struct lk_bytes lk_desk_request(const struct lk_desk *d, uint32_t e)
{
    return lk_bytes_of(lk_parcel_data(&d->parcels, d->ask[e].parcel), d->ask[e].bytes);
}

/* Memory of the ask for an answer of len bytes: its parcel, or a larger one in its place. */
static uint8_t *room_for(struct lk_desk *d, struct lk_ask *ask, size_t len)
{
    uint8_t *to = lk_parcel_write(&d->parcels, ask->parcel, len);
    if (to != NULL) return to;
    uint32_t larger = lk_parcel_take(&d->parcels, len);
    if (larger == LK_PARCEL_NONE) return NULL;
    lk_parcel_release(&d->parcels, ask->parcel);
    ask->parcel = larger;
    return lk_parcel_write(&d->parcels, larger, len);
}

void lk_desk_answer(struct lk_desk *d, uint32_t e, struct lk_bytes message, uint64_t now_ns)
{
    struct lk_ask *ask = &d->ask[e];
    LK_ASSERT(message.len >= LK_HEADER_BYTES && message.len <= LK_MESSAGE_BYTES_MAX);
    uint8_t *to = room_for(d, ask, message.len);
    if (to == NULL) {
        lk_desk_fail(d, e, LK_PACKET_FULL, now_ns);
        return;
    }
    memcpy(to, message.data, message.len);
    id_put(to, ask->client_id);
    ask->bytes = (uint32_t)message.len;
    ask->outcome = LK_PACKET_ANSWERED;
    lk_hist_add(&d->metrics->request, (now_ns - ask->sent_ns) / LK_NS_PER_US);
    deliver(d, e, now_ns);
}

void lk_desk_fail(struct lk_desk *d, uint32_t e, uint8_t outcome, uint64_t now_ns)
{
    d->ask[e].bytes = 0;
    d->ask[e].outcome = outcome;
    deliver(d, e, now_ns);
}

/* --- the end, and time ---------------------------------------------------------------------- */

void lk_desk_leave(struct lk_desk *d)
{
    d->leaving = true;
    for (uint32_t c = 0; c < d->conf.clients; c++)
        for (uint32_t e = d->client[c].open ? d->client[c].first : LK_ERRAND_NONE;
             e != LK_ERRAND_NONE; e = d->ask[e].next)
            (void)lk_broker_give_up(d->broker, e, LK_PACKET_LEAVING);
}

void lk_desk_close_idle(struct lk_desk *d)
{
    for (uint32_t c = 0; c < d->conf.clients; c++)
        close_if_idle(d, c);
}

void lk_desk_turn(struct lk_desk *d, uint64_t now_ns)
{
    uint32_t c;
    while ((c = lk_due_first(&d->due)) != LK_DUE_NONE && d->due.at_ns[c] <= now_ns) {
        if (d->client[c].allowed) lk_agent_count(d->metrics, LK_A_CUT_UNREAD);
        cut(d, c);
    }
}

uint64_t lk_desk_due_ns(const struct lk_desk *d)
{
    uint32_t c = lk_due_first(&d->due);
    return c != LK_DUE_NONE ? d->due.at_ns[c] : UINT64_MAX;
}
