#include "io/intake.h"

#include <string.h>

#include "core/exec/exchange.h"
#include "core/wire/lurk.h"

/* --- answers -------------------------------------------------------------------------------- */

static void deliver(struct lk_conn *conn, struct lk_answer *answer)
{
    if (conn->said_bye || (conn->state != LK_CONN_OPEN && conn->state != LK_CONN_CLOSING)) return;
    answer->header.length = (uint32_t)(LK_HEADER_BYTES + answer->payload.len);
    conn->transport->answer(conn, answer);
}

/* Of the capabilities that this peer is shown: else it would ask for them again at every fault. */
static struct lk_bytes state_of(const struct lk_conn *conn, const struct lk_edge *edge,
                                enum lk_extension extension)
{
    return lk_edge_state(edge, extension, conn->answer_bytes_max);
}

void lk_intake_refuse(struct lk_conn *conn, const struct lk_header *request, uint8_t status,
                      uint64_t tag)
{
    const struct lk_edge *edge = lk_conn_edge(conn);
    if (edge == NULL) return;
    struct lk_answer answer = {
        .header = {.designation = LK_EXT_LURK,
                   .version = LK_LURK_VERSION,
                   .type = request->type,
                   .status = status,
                   .id = request->id},
        .payload = state_of(conn, edge, LK_EXTENSION_LURK),
        .tag = tag,
    };
    lk_count_add(&conn->peers->counters->lurk_faults[status], 1);
    deliver(conn, &answer);
}

void lk_intake_reply(struct lk_conn *conn, const struct lk_header *request,
                     enum lk_exchange_id exchange, uint8_t status, struct lk_bytes payload,
                     uint64_t tag)
{
    const struct lk_edge *edge = lk_conn_edge(conn);
    if (edge == NULL) return;
    if (status != LK_STATUS_SUCCESS)
        payload = state_of(conn, edge, lk_exchange_extension(exchange));
    /* lurk.md 4, size rule: not to be had on this transport. */
    if (LK_HEADER_BYTES + payload.len > conn->answer_bytes_max) {
        lk_intake_refuse(conn, request, LK_LURK_INVALID_TYPE, tag);
        return;
    }
    struct lk_answer answer = {
        .header = *request, .payload = payload, .tag = tag, .keep = lk_exchange_keyed(exchange)};
    answer.header.status = status;
    lk_count_add(&conn->peers->counters->requests[exchange][status], 1);
    deliver(conn, &answer);
}

/* --- steps 1 to 5 of lurk.md 5 --------------------------------------------------------------- */

/* Type 0 of every extension is its capabilities, which are open where anything of it is. */
static bool extension_open(const struct lk_edge *edge, const struct lk_header *header)
{
    int capabilities = lk_exchange_find(header->designation, header->version, 0);
    return capabilities >= 0 && (edge->exchanges & LK_EXCHANGE_BIT(capabilities)) != 0;
}

/* Steps 1 to 3. 0: none of these faults, *exchange is the one asked for. */
static uint8_t layer_fault(const struct lk_edge *edge, const struct lk_header *header,
                           enum lk_exchange_id *exchange)
{
    if (!extension_open(edge, header)) return LK_LURK_INVALID_EXTENSION;
    if (header->status != LK_STATUS_REQUEST) return LK_LURK_INVALID_STATUS;
    int found = lk_exchange_find(header->designation, header->version, header->type);
    if (found < 0 || (edge->exchanges & LK_EXCHANGE_BIT(found)) == 0) return LK_LURK_INVALID_TYPE;
    /* What the vault has no row for is not built here, whatever rules grant (lurk-tls13.md 2). */
    bool built = !lk_exchange_keyed((enum lk_exchange_id)found) ||
                 lk_exchange_row((unsigned)found) != NULL;
    if (!built) return LK_LURK_INVALID_TYPE;
    *exchange = (enum lk_exchange_id)found;
    return 0;
}

/* Step 5, for what takes a slot. LK_COUNTER_COUNT: there is room. */
static enum lk_counter no_room(const struct lk_conn *conn, const struct lk_edge *edge,
                               size_t payload_bytes)
{
    const struct lk_peers *peers = conn->peers;
    const struct lk_intake *intake = peers->intake;
    if (peers->draining) return LK_C_REFUSED_DRAIN;
    if (conn->in_flight >= peers->view->conf->in_flight_per_peer) return LK_C_REFUSED_PEER_QUOTA;
    if (intake->segment == NULL || intake->broken) return LK_C_REFUSED_EPOCH;
    return lk_intake_no_slot(conn, edge, payload_bytes);
}

/* --- step 6: payloads ----------------------------------------------------------------------- */

static void keyed(struct lk_job *job)
{
    struct lk_conn *conn = job->conn;
    uint8_t fault = lk_intake_verdict(job);
    if (fault != 0) {
        lk_intake_reply(conn, &job->header, job->exchange, fault, lk_bytes_of(NULL, 0), job->tag);
        return;
    }
    if (lk_intake_send(conn->peers->intake, job)) return;
    lk_count(conn->peers->counters, LK_C_REFUSED_RING, 1);
    lk_intake_refuse(conn, &job->header, LK_LURK_TEMPORARY_FAILURE, job->tag);
}

static void keyless(struct lk_job *job)
{
    struct lk_bytes payload = lk_bytes_of(NULL, 0);
    uint8_t status = job->payload.len == 0 ? LK_STATUS_SUCCESS : LK_STATUS_INVALID_FORMAT;
    bool ping = lk_exchange_type(job->exchange) != 0;
    if (status == LK_STATUS_SUCCESS && !ping)
        payload = lk_edge_capabilities(job->edge, lk_exchange_extension(job->exchange),
                                       job->conn->answer_bytes_max);
    lk_intake_reply(job->conn, &job->header, job->exchange, status, payload, job->tag);
}

void lk_intake_message(struct lk_conn *conn, struct lk_bytes message, uint64_t tag)
{
    struct lk_peers *peers = conn->peers;
    struct lk_cursor c = lk_cursor_of(message);
    struct lk_job job = {.conn = conn, .tag = tag};
    lk_header_read(&c, &job.header);
    if (c.bad) {
        lk_count(peers->counters, LK_C_DROPPED_SHORT, 1);
        return;
    }
    job.edge = lk_conn_edge(conn);
    if (job.edge == NULL) return;
    uint8_t fault = layer_fault(job.edge, &job.header, &job.exchange);
    bool fits = job.header.length == message.len &&
                message.len <= peers->view->conf->message_bytes_max;
    job.payload = lk_cursor_take(&c, lk_cursor_left(&c));
    if (fault != 0) lk_intake_closed(&job);
    if (fault == 0 && !fits) fault = LK_STATUS_INVALID_FORMAT;
    if (fault == 0 && lk_exchange_keyed(job.exchange)) {
        enum lk_counter full = no_room(conn, job.edge, job.payload.len);
        if (full != LK_COUNTER_COUNT) {
            lk_count(peers->counters, full, 1);
            fault = LK_LURK_TEMPORARY_FAILURE;
        }
    }
    if (fault != 0)
        lk_intake_refuse(conn, &job.header, fault, tag);
    else if (lk_exchange_keyed(job.exchange))
        keyed(&job);
    else
        keyless(&job);
}

/* --- streams -------------------------------------------------------------------------------- */

static void advance(struct lk_bytes *plain, size_t n)
{
    *plain = lk_bytes_of(plain->data + n, plain->len - n);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The header is whole and the message is not: where does the rest go? Refused messages are
 * skipped. */
static void begin_part(struct lk_conn *conn)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(conn->head, LK_HEADER_BYTES));
    struct lk_header header;
    lk_header_read(&c, &header);
    const struct lk_edge *edge = lk_conn_edge(conn);
    if (edge == NULL) return;
    conn->head_len = 0;
    enum lk_exchange_id exchange;
    uint8_t fault = layer_fault(edge, &header, &exchange);
    if (fault != 0)
        lk_intake_closed(&(struct lk_job){.conn = conn, .edge = edge, .header = header});
    if (fault == 0) {
        conn->part = lk_part_take(&conn->peers->parts, header.length, conn->owner);
        if (conn->part == NULL) {
            lk_count(conn->peers->counters, LK_C_REFUSED_NO_SLOT, 1);
            fault = LK_LURK_TEMPORARY_FAILURE;
        }
    }
    if (fault != 0) {
        conn->skip = header.length - LK_HEADER_BYTES;
        lk_intake_refuse(conn, &header, fault, 0);
        return;
    }
    conn->part->need = header.length;
    conn->part->len = LK_HEADER_BYTES;
    memcpy(conn->part->data, conn->head, LK_HEADER_BYTES);
}

static void lose_the_cut(struct lk_conn *conn, struct lk_bytes head)
{
    struct lk_cursor c = lk_cursor_of(head);
    struct lk_header header;
    lk_header_read(&c, &header);
    lk_intake_refuse(conn, &header, LK_STATUS_INVALID_FORMAT, 0);
    lk_conn_close(conn);
}

/* Grows conn->head to 16 bytes, then judges it. */
static void take_head(struct lk_conn *conn, struct lk_bytes *plain)
{
    if (conn->head_len == 0) conn->part_since_ns = conn->peers->now_ns;
    size_t n = smaller(LK_HEADER_BYTES - conn->head_len, plain->len);
    memcpy(conn->head + conn->head_len, plain->data, n);
    conn->head_len += (uint32_t)n;
    advance(plain, n);
    if (conn->head_len < LK_HEADER_BYTES) return;
    struct lk_bytes head = lk_bytes_of(conn->head, LK_HEADER_BYTES), message;
    switch (lk_header_next(head, conn->peers->view->conf->message_bytes_max, &message)) {
    case LK_CUT_MESSAGE:
        conn->head_len = 0;
        lk_intake_message(conn, message, 0);
        break;
    case LK_CUT_LOST: lose_the_cut(conn, message); break;
    case LK_CUT_MORE: begin_part(conn); break;
    }
}

static void take_part(struct lk_conn *conn, struct lk_bytes *plain)
{
    struct lk_part *part = conn->part;
    size_t n = smaller(part->need - part->len, plain->len);
    memcpy(part->data + part->len, plain->data, n);
    part->len += (uint32_t)n;
    advance(plain, n);
    if (part->len < part->need) return;
    conn->part = NULL; /* the conn may be dropped while its message is answered */
    struct lk_part_pool *pool = &conn->peers->parts;
    lk_intake_message(conn, lk_bytes_of(part->data, part->len), 0);
    lk_part_release(pool, part);
}

/* Whole messages are worked where they lie. */
static void take_whole(struct lk_conn *conn, struct lk_bytes *plain)
{
    struct lk_bytes message;
    switch (lk_header_next(*plain, conn->peers->view->conf->message_bytes_max, &message)) {
    case LK_CUT_MESSAGE:
        lk_intake_message(conn, message, 0);
        advance(plain, message.len);
        break;
    case LK_CUT_LOST: lose_the_cut(conn, message); break;
    case LK_CUT_MORE: take_head(conn, plain); break;
    }
}

void lk_intake_stream(struct lk_conn *conn, struct lk_bytes plain)
{
    conn->heard_ns = conn->peers->now_ns;
    while (plain.len > 0 && conn->state == LK_CONN_OPEN) {
        size_t n = smaller(conn->skip, plain.len);
        if (n > 0) {
            conn->skip -= (uint32_t)n;
            advance(&plain, n);
        } else if (conn->part != NULL) {
            take_part(conn, &plain);
        } else if (conn->head_len > 0) {
            take_head(conn, &plain);
        } else {
            take_whole(conn, &plain);
        }
    }
}
