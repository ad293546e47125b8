/* The slots of one loop: a job out, its result home, and what happens when it does not come. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/slot.h"
#include "core/keys/cert_request.h"
#include "io/bell.h"
#include "io/intake.h"

#define NONE UINT32_MAX
#define SPREAD_ABOVE_NS (1 * LK_NS_PER_MS)
#define STUCK_NS (2 * LK_NS_PER_S) /* as long as a heartbeat may stay out */
#define SLACK_MS 50                /* for the vault to send a late request home itself */
#define POP_MAX 64

/* --- records -------------------------------------------------------------------------------- */

static void put_free(struct lk_intake *intake, uint32_t at)
{
    uint32_t *list = at < intake->small ? &intake->free_small : &intake->free_large;
    struct lk_req *req = &intake->req[at];
    req->state = LK_REQ_FREE;
    req->next = *list;
    *list = at;
}

static void free_all(struct lk_intake *intake)
{
    intake->free_small = intake->free_large = intake->oldest = intake->newest = NONE;
    for (uint32_t at = intake->small + intake->large; at-- > 0;)
        put_free(intake, at);
}

lk_err lk_intake_init(struct lk_intake *intake, uint32_t loop, uint32_t workers, uint32_t small,
                      uint32_t large)
{
    LK_ASSERT(workers <= LK_WORKERS_MAX && small + large > 0);
    *intake = (struct lk_intake){.loop = loop, .workers = workers, .small = small, .large = large};
    intake->req = calloc(small + large, sizeof *intake->req);
    LK_REQUIRE(intake->req != NULL, LK_ERR_MEMORY);
    free_all(intake);
    return LK_OK;
}

void lk_intake_fini(struct lk_intake *intake)
{
    free(intake->req);
    intake->req = NULL;
}

static bool is_small(size_t payload_bytes)
{
    return payload_bytes <= LK_SLOT_SMALL_BODY_BYTES;
}

static enum lk_lane_class class_of(const struct lk_intake *intake, uint32_t at)
{
    return at < intake->small ? LK_LANES_SMALL : LK_LANES_LARGE;
}

static struct lk_load load_of(const struct lk_intake *intake, uint32_t at)
{
    return (struct lk_load){.cost_ns = intake->req[at].cost_ns, .lanes = class_of(intake, at)};
}

enum lk_counter lk_intake_no_slot(const struct lk_conn *conn, const struct lk_edge *edge,
                                  size_t payload_bytes)
{
    static const enum lk_counter why[] = {[LK_SHARE_OPEN] = LK_COUNTER_COUNT,
                                          [LK_SHARE_EMPTY] = LK_C_REFUSED_NO_SLOT,
                                          [LK_SHARE_TENANT] = LK_C_REFUSED_TENANT_SHARE,
                                          [LK_SHARE_PEER] = LK_C_REFUSED_PEER_SHARE};
    if (payload_bytes > LK_SLOT_LARGE_BODY_BYTES) return LK_C_REFUSED_NO_SLOT;
    bool small = is_small(payload_bytes);
    uint32_t held = small ? conn->in_flight - conn->in_flight_large : conn->in_flight_large;
    const struct lk_share *share =
        &conn->peers->intake->share[small ? LK_LANES_SMALL : LK_LANES_LARGE];
    bool alone = conn->peers->view->conf->tenant_count <= 1;
    return why[lk_share_judge(share, edge->tenant, held, alone)];
}

/* A request of this conn was sent, or is no more. */
static void conn_sent(const struct lk_intake *intake, struct lk_conn *conn, uint32_t at)
{
    conn->in_flight++;
    if (class_of(intake, at) == LK_LANES_LARGE) conn->in_flight_large++;
}
static void conn_done(const struct lk_intake *intake, struct lk_conn *conn, uint32_t at)
{
    LK_ASSERT(conn->in_flight > 0);
    conn->in_flight--;
    if (class_of(intake, at) == LK_LANES_LARGE) conn->in_flight_large--;
}

/* The list is in the order of deadlines. Requests wait equally long, so the place is at the end,
 * but for those sent while a reload that shortened the wait has older ones ahead of them. */
static void put_in_order(struct lk_intake *intake, uint32_t at)
{
    struct lk_req *req = &intake->req[at];
    uint32_t before = intake->newest;
    while (before != NONE && intake->req[before].answer_by_ns > req->answer_by_ns)
        before = intake->req[before].prev;
    req->prev = before;
    uint32_t *from_before = before != NONE ? &intake->req[before].next : &intake->oldest;
    req->next = *from_before;
    *from_before = at;
    if (req->next != NONE)
        intake->req[req->next].prev = at;
    else
        intake->newest = at;
}

static void take_out(struct lk_intake *intake, const struct lk_req *req)
{
    if (req->prev != NONE)
        intake->req[req->prev].next = req->next;
    else
        intake->oldest = req->next;
    if (req->next != NONE)
        intake->req[req->next].prev = req->prev;
    else
        intake->newest = req->prev;
}

/* --- out ------------------------------------------------------------------------------------ */

static uint32_t index_of(const struct lk_intake *intake, uint32_t at)
{
    if (at < intake->small) return intake->loop * intake->small + at;
    return intake->segment->slots.loops * intake->small + intake->loop * intake->large +
           (at - intake->small);
}

static uint32_t at_of(const struct lk_intake *intake, uint32_t index)
{
    uint32_t smalls = intake->segment->slots.loops * intake->small;
    uint32_t first = index < smalls ? intake->loop * intake->small
                                    : smalls + intake->loop * intake->large;
    uint32_t count = index < smalls ? intake->small : intake->large;
    if (index < first || index - first >= count) return NONE;
    return index - first + (index < smalls ? 0 : intake->small);
}

static struct lk_slot *slot_of(const struct lk_intake *intake, struct lk_req *req)
{
    uint32_t loop = 0;
    struct lk_slot *slot = lk_slot_at(&intake->segment->slots, req->index, &req->body_bytes, &loop);
    LK_ASSERT(slot != NULL && loop == intake->loop);
    return slot;
}

static void fill(struct lk_slot *slot, const struct lk_job *job, const struct lk_req *req)
{
    const struct lk_peers *peers = job->conn->peers;
    *slot = (struct lk_slot){
        .state = LK_SLOT_SENT,
        .generation = req->generation,
        .key_handle = job->key->handle,
        .peer_hash = job->conn->peer_hash,
        .deadline_ns = peers->now_ns + peers->view->conf->queue_deadline_ms * LK_NS_PER_MS,
        .sent_ns = peers->now_ns,
        .tenant = job->edge->tenant,
        .edge = job->edge->index,
        .exchange = (uint16_t)job->exchange,
        .flags = job->flags,
        .methods = job->methods,
        .secrets = job->secrets,
        .job_bytes = (uint32_t)job->payload.len,
        .request_id = job->header.id,
    };
    memcpy(slot->body, job->payload.data, job->payload.len);
}

static void wipe_and_free(struct lk_intake *intake, uint32_t at, uint32_t written)
{
    struct lk_slot *slot = slot_of(intake, &intake->req[at]);
    lk_slot_wipe(slot, written);
    slot->state = LK_SLOT_FREE;
    lk_share_give(&intake->share[class_of(intake, at)], intake->req[at].tenant);
    put_free(intake, at);
}

static struct lk_req *take(struct lk_intake *intake, const struct lk_job *job, uint32_t *at)
{
    uint32_t *list = is_small(job->payload.len) ? &intake->free_small : &intake->free_large;
    LK_ASSERT(*list != NONE);
    *at = *list;
    struct lk_req *req = &intake->req[*at];
    *list = req->next;
    *req = (struct lk_req){
        .conn = job->conn->index,
        .conn_generation = job->conn->generation,
        .generation = req->generation + 1,
        .index = index_of(intake, *at),
        .state = LK_REQ_SENT,
        .exchange = (uint8_t)job->exchange,
        .tenant = (uint16_t)job->edge->tenant,
        .designation = job->header.designation,
        .version = job->header.version,
        .type = job->header.type,
        .id = job->header.id,
        .tag = job->tag,
        .cost_ns = job->cost_ns,
        .filled = (uint32_t)job->payload.len,
    };
    const struct lk_peers *peers = job->conn->peers;
    req->answer_by_ns = peers->now_ns +
                        (peers->view->conf->queue_deadline_ms + SLACK_MS) * LK_NS_PER_MS;
    return req;
}

bool lk_intake_send(struct lk_intake *intake, const struct lk_job *job)
{
    uint32_t at;
    struct lk_req *req = take(intake, job, &at);
    lk_share_take(&intake->share[class_of(intake, at)], req->tenant);
    fill(slot_of(intake, req), job, req);
    bool spread = false;
    req->worker = (uint8_t)lk_route_worker(&intake->route, job->key->handle, load_of(intake, at),
                                           &spread);
    if (spread) lk_count(job->conn->peers->counters, LK_C_SPREAD, 1);
    lk_err err = lk_ring_push(&intake->to_worker[req->worker],
                              lk_slot_ref(req->generation, req->index));
    if (err != LK_OK) {
        if (err == LK_ERR_ABSURD) intake->broken = true;
        lk_route_home(&intake->route, req->worker, load_of(intake, at));
        wipe_and_free(intake, at, req->filled);
        return false;
    }
    put_in_order(intake, at);
    intake->in_flight++;
    conn_sent(intake, job->conn, at);
    intake->to_ring |= UINT64_C(1) << req->worker;
    return true;
}

void lk_intake_ring(struct lk_intake *intake)
{
    for (uint64_t left = intake->to_ring; left != 0; left &= left - 1)
        lk_bell_ring_worker(&intake->segment->worker_bell[__builtin_ctzll(left)]);
    intake->to_ring = 0;
}

/* --- home ----------------------------------------------------------------------------------- */

static struct lk_header header_of(const struct lk_req *req)
{
    return (struct lk_header){
        .designation = req->designation, .version = req->version, .type = req->type, .id = req->id};
}

static struct lk_conn *conn_of(struct lk_peers *peers, const struct lk_req *req)
{
    return lk_conn_find(peers, req->conn, req->conn_generation);
}

static void give_up(struct lk_peers *peers, uint32_t at, enum lk_counter reason)
{
    const struct lk_req *req = &peers->intake->req[at];
    lk_count(peers->counters, reason, 1);
    struct lk_conn *conn = conn_of(peers, req);
    if (conn == NULL) return;
    conn_done(peers->intake, conn, at);
    struct lk_header header = header_of(req);
    lk_intake_refuse(conn, &header, LK_LURK_TEMPORARY_FAILURE, req->tag);
}

/* What the vault wrote, copied once: it is checked and used as the same value. */
struct result {
    uint32_t state, generation, result_bytes;
    uint16_t verdict, status;
    uint8_t why;
};

static bool result_good(const struct result *r, const struct lk_req *req)
{
    if (r->state != LK_SLOT_DONE || r->generation != req->generation) return false;
    bool refused = r->verdict == LK_VERDICT_ANSWER && r->status != LK_STATUS_SUCCESS;
    if (r->why != LK_CERT_REQUEST_GOOD &&
        (!refused || req->exchange != LK_X_SPLIT_SIGN_CERT_REQUEST ||
         r->why >= LK_CERT_REQUEST_FAULT_COUNT))
        return false;
    if (r->verdict == LK_VERDICT_TEMPORARY) return r->result_bytes <= req->body_bytes;
    if (r->verdict != LK_VERDICT_ANSWER || r->status == 0 || r->status >= LK_STATUS_COUNT)
        return false;
    if (r->status != LK_STATUS_SUCCESS) return r->result_bytes == 0;
    return r->result_bytes <= req->body_bytes &&
           r->result_bytes <= LK_MESSAGE_BYTES_MAX - LK_HEADER_BYTES;
}

static void answer(struct lk_peers *peers, uint32_t at, const struct result *r,
                   const struct lk_slot *slot)
{
    const struct lk_req *req = &peers->intake->req[at];
    struct lk_conn *conn = conn_of(peers, req);
    if (conn == NULL) return;
    conn_done(peers->intake, conn, at);
    struct lk_header header = header_of(req);
    if (r->why != LK_CERT_REQUEST_GOOD) /* the request lies there still: nothing was written */
        lk_intake_request_refused(conn, slot->body + 1, r->why);
    if (r->verdict == LK_VERDICT_TEMPORARY)
        lk_intake_refuse(conn, &header, LK_LURK_TEMPORARY_FAILURE, req->tag);
    else
        lk_intake_reply(conn, &header, (enum lk_exchange_id)req->exchange, (uint8_t)r->status,
                        lk_bytes_of(slot->body, r->result_bytes), req->tag);
}

/* False: no honest vault sends this reference. */
static bool come_home(struct lk_intake *intake, struct lk_peers *peers, uint32_t worker,
                      uint64_t ref)
{
    uint32_t at = at_of(intake, (uint32_t)ref);
    if (at == NONE) return false;
    struct lk_req *req = &intake->req[at];
    if (req->state == LK_REQ_FREE || req->generation != (uint32_t)(ref >> 32) ||
        req->worker != worker)
        return false;
    const struct lk_slot *slot = slot_of(intake, req);
    const volatile struct lk_slot *shared = slot;
    struct result r = {.state = shared->state,
                       .generation = shared->generation,
                       .result_bytes = shared->result_bytes,
                       .verdict = shared->verdict,
                       .status = shared->status,
                       .why = shared->why};
    if (!result_good(&r, req)) return false;
    lk_route_home(&intake->route, worker, load_of(intake, at));
    if (req->state == LK_REQ_SENT) {
        take_out(intake, req);
        intake->in_flight--;
        answer(peers, at, &r, slot);
    } else {
        intake->lost--;
    }
    wipe_and_free(intake, at, r.result_bytes > req->filled ? r.result_bytes : req->filled);
    return true;
}

static uint32_t collect_worker(struct lk_intake *intake, struct lk_peers *peers, uint32_t worker)
{
    uint64_t refs[POP_MAX];
    uint32_t count = 0;
    int n;
    do {
        n = lk_ring_pop(&intake->to_loop[worker], refs, POP_MAX);
        if (n < 0) intake->broken = true;
        for (int i = 0; i < n && !intake->broken; i++, count++)
            if (!come_home(intake, peers, worker, refs[i])) intake->broken = true;
    } while (n == POP_MAX && !intake->broken && count < LK_RING_CELLS);
    return count;
}

uint32_t lk_intake_collect(struct lk_intake *intake, struct lk_peers *peers)
{
    if (intake->segment == NULL) return 0;
    uint32_t count = 0;
    for (uint32_t worker = 0; worker < intake->workers && !intake->broken; worker++)
        count += collect_worker(intake, peers, worker);
    lk_count_set(&peers->counters->ring_depth, intake->in_flight);
    return count;
}

bool lk_intake_has_results(const struct lk_intake *intake)
{
    if (intake->segment == NULL || intake->broken) return false;
    for (uint32_t worker = 0; worker < intake->workers; worker++)
        if (lk_ring_waiting(&intake->to_loop[worker])) return true;
    return false;
}

/* --- when it does not come ------------------------------------------------------------------ */

/* A worker in a long batch brings late slots home after it: a queue of dear operations loses many
 * of them for a moment, and nothing is wrong. */
static uint32_t count_stuck(const struct lk_intake *intake, uint64_t now_ns)
{
    uint32_t stuck = 0;
    for (uint32_t at = 0; intake->lost > 0 && at < intake->small + intake->large; at++) {
        const struct lk_req *req = &intake->req[at];
        stuck += req->state == LK_REQ_LOST && now_ns - req->answer_by_ns >= STUCK_NS;
    }
    return stuck;
}

void lk_intake_expire(struct lk_intake *intake, struct lk_peers *peers)
{
    intake->stuck = count_stuck(intake, peers->now_ns);
    while (intake->oldest != NONE) {
        uint32_t at = intake->oldest;
        struct lk_req *req = &intake->req[at];
        if (req->answer_by_ns > peers->now_ns) return;
        take_out(intake, req);
        req->state = LK_REQ_LOST;
        intake->in_flight--;
        intake->lost++;
        lk_count(peers->counters, LK_C_SLOTS_LOST, 1);
        give_up(peers, at, LK_C_REFUSED_DEADLINE);
    }
}

/* What this loop may have under way to a worker, and to all of them. */
static void share_lanes(struct lk_intake *intake, uint32_t loops)
{
    const uint32_t slots[LK_LANE_CLASSES] = {intake->small, intake->large};
    const uint32_t all[LK_LANE_CLASSES] = {LK_LANES_SMALL_PER_WORKER, LK_LANES_LARGE_PER_WORKER};
    uint32_t lanes[LK_LANE_CLASSES];
    for (unsigned c = 0; c < LK_LANE_CLASSES; c++) {
        lanes[c] = lk_lanes_of_loop(all[c], loops, slots[c]);
        uint32_t total = lanes[c] * intake->workers;
        lk_share_init(&intake->share[c], total < slots[c] ? total : slots[c]);
    }
    lk_route_init(&intake->route, intake->workers, SPREAD_ABOVE_NS, lanes);
}

void lk_intake_epoch(struct lk_intake *intake, struct lk_peers *peers,
                     const struct lk_segment *segment)
{
    for (uint32_t at = intake->oldest; at != NONE; at = intake->req[at].next)
        give_up(peers, at, LK_C_REFUSED_EPOCH);
    free_all(intake);
    intake->in_flight = intake->lost = intake->stuck = 0;
    intake->to_ring = 0;
    intake->broken = false;
    intake->segment = segment;
    if (segment == NULL) return;
    LK_ASSERT(segment->shape.workers == intake->workers && intake->loop < segment->shape.loops &&
              segment->shape.small_per_loop == intake->small &&
              segment->shape.large_per_loop == intake->large);
    share_lanes(intake, segment->shape.loops);
    for (uint32_t worker = 0; worker < intake->workers; worker++) {
        lk_ring_init(&intake->to_worker[worker],
                     lk_segment_ring_to_worker(segment, intake->loop, worker), LK_RING_CELLS);
        lk_ring_init(&intake->to_loop[worker],
                     lk_segment_ring_to_loop(segment, intake->loop, worker), LK_RING_CELLS);
    }
}
