/* intake: a message of one edge to its answer. What needs no key is answered at once; the rest goes
 * into a slot, to the worker of its key, and its result comes back by lk_intake_collect.
 *
 * The order of faults is lurk.md 5 and lurk-tls12.md 2. The whole payload is parsed here too, so
 * that every fault that needs no key is answered by the front; the vault checks its own copy again.
 *
 * Owner   the loop's thread. One record (struct lk_req) a slot of this loop; never leaves the
 *         front.
 * Memory  lk_intake_init. Rings, slots and bells are those of the epoch in use (lk_intake_epoch);
 *         without one every request that needs a key is answered temporary_failure.
 * Bounds  per peer in_flight_per_peer, per tenant and peer a share of the slots
 * (core/exec/share.h), per loop the slots and the workers' lanes. Past a bound: temporary_failure
 * at once. */
#ifndef LK_IO_INTAKE_H
#define LK_IO_INTAKE_H

#include "core/base/ring.h"
#include "core/exec/route.h"
#include "core/exec/share.h"
#include "io/conn.h"
#include "io/segment.h"
#include "io/transport.h"

/* A lost slot's request was answered at its deadline; the slot itself is still in the vault. */
enum lk_req_state { LK_REQ_FREE, LK_REQ_SENT, LK_REQ_LOST };

struct lk_req {
    uint32_t conn, conn_generation;
    uint32_t generation; /* of the slot: ours, never read back from the segment */
    uint32_t index;      /* of the slot in the segment */
    uint8_t state;       /* enum lk_req_state */
    uint8_t exchange;    /* enum lk_exchange_id */
    uint8_t worker;
    uint16_t tenant; /* whose share the slot is of */
    uint8_t designation, version, type;
    uint64_t id, tag;
    uint64_t answer_by_ns; /* past it the front answers itself */
    uint64_t cost_ns;      /* as told to the route */
    uint32_t filled;       /* bytes of the job in the slot: to be wiped */
    uint32_t body_bytes;   /* room of the slot */
    uint32_t next, prev;   /* of the order of deadlines; or of the free list */
};

struct lk_intake {
    uint32_t loop, workers;
    const struct lk_segment *segment; /* NULL: no vault yet */
    struct lk_ring to_worker[LK_WORKERS_MAX];
    struct lk_ring to_loop[LK_WORKERS_MAX];
    struct lk_route route;
    struct lk_share share[LK_LANE_CLASSES];
    struct lk_req *req;              /* small ones first */
    uint32_t small, large;           /* counts */
    uint32_t free_small, free_large; /* first of each list */
    uint32_t oldest, newest;         /* SENT, by deadline */
    uint32_t in_flight, lost;
    uint32_t stuck;   /* of the lost: given up so long ago that no batch explains it */
    uint64_t to_ring; /* bit w: worker w got something in this turn */
    bool broken;      /* the vault wrote what it never may: this epoch is not used any more */
};

_Static_assert(LK_WORKERS_MAX <= 64, "to_ring has a bit for each worker");
_Static_assert(LK_TENANTS_MAX <= UINT16_MAX, "a tenant fits in lk_req");

LK_MUST_USE lk_err lk_intake_init(struct lk_intake *intake, uint32_t loop, uint32_t workers,
                                  uint32_t small, uint32_t large);
void lk_intake_fini(struct lk_intake *intake);

/* Streams: plain bytes of one edge, cut into messages; a piece that is left is kept in the conn. */
void lk_intake_stream(struct lk_conn *conn, struct lk_bytes plain);
/* One message. Datagrams: the whole datagram (shorter than 16 bytes: dropped and counted). tag
 * comes back with the answer. The answer may come before this returns. */
void lk_intake_message(struct lk_conn *conn, struct lk_bytes message, uint64_t tag);

/* Results of all workers: answers gathered in their conns. Returns how many came. */
uint32_t lk_intake_collect(struct lk_intake *intake, struct lk_peers *peers);
/* Rings each worker that got something in this turn, once. */
void lk_intake_ring(struct lk_intake *intake);
/* Answers what is past its deadline; marks those slots lost. */
void lk_intake_expire(struct lk_intake *intake, struct lk_peers *peers);
/* Every request in flight is answered temporary_failure; then the new segment is used. */
void lk_intake_epoch(struct lk_intake *intake, struct lk_peers *peers,
                     const struct lk_segment *segment);
/* Is there something in a ring of results? For the last look before sleep. */
bool lk_intake_has_results(const struct lk_intake *intake);

/* --- between intake.c, intake_verdict.c (rights) and intake_flight.c (slots) ----------------- */

/* A fault of the message layer (lurk.md 5.1); status of lurk's own registry. */
void lk_intake_refuse(struct lk_conn *conn, const struct lk_header *request, uint8_t status,
                      uint64_t tag);
/* The extension's own answer: success with its payload, or a fault with its state. */
void lk_intake_reply(struct lk_conn *conn, const struct lk_header *request,
                     enum lk_exchange_id exchange, uint8_t status, struct lk_bytes payload,
                     uint64_t tag);

/* A job for the vault, as intake.c judged it. */
struct lk_job {
    struct lk_conn *conn;
    const struct lk_edge *edge;
    const struct lk_key_public *key;
    struct lk_header header;
    struct lk_bytes payload;
    uint64_t tag;
    uint64_t cost_ns;
    enum lk_exchange_id exchange;
    uint16_t flags; /* enum lk_slot_flag */
    uint8_t methods, secrets;
};
/* Payload, key, freshness function, window, and the hashes this edge may use: every fault that
 * needs no private key, in the order of lurk-tls12.md 2 to 6, but proof and points, which the vault
 * judges. 0: key, cost_ns, flags, methods and secrets are set. */
uint8_t lk_intake_verdict(struct lk_job *job);
/* A request that the message layer refused: if it asks for an exchange that is served and closed to
 * this edge, that is a denial, counted and logged. payload may be empty: not all of it came. */
void lk_intake_closed(struct lk_job *job);
/* One line in the log about a certificate request that the vault refused, at most a few a second.
 * id: of the key, 4 bytes; why: enum lk_cert_request_fault, not GOOD. */
void lk_intake_request_refused(struct lk_conn *conn, const uint8_t *id, uint8_t why);
/* May this edge's peer have a slot for a payload of this length? LK_COUNTER_COUNT: yes; else why
 * not. */
enum lk_counter lk_intake_no_slot(const struct lk_conn *conn, const struct lk_edge *edge,
                                  size_t payload_bytes);
/* Into a slot and to its worker; no_slot said yes. False: the ring took no more. */
bool lk_intake_send(struct lk_intake *intake, const struct lk_job *job);

#endif
