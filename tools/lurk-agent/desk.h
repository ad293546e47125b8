/* desk: the agent's side towards local clients, without sockets: packets in, packets out, and the
 * bounds that one client and all of them have.
 *
 * A request gets an errand of the broker, an ask of ours with the client's tag and id, and a parcel
 * for its bytes, in which the id on the wire stands in the place of the client's. The answer gets
 * the client's id back. A request counts as in flight until its answer was taken by the client's
 * socket, so that unread answers are held to the same bounds; a client that leaves them unread too
 * long is cut off. Nothing but the header of a LURK message is looked at.
 *
 * Owner one thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_DESK_H
#define LK_TOOLS_LURK_AGENT_DESK_H

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "crypto/rng.h"
#include "tools/liblurk/packet.h"
#include "tools/lurk-agent/broker.h"
#include "tools/lurk-agent/parcel.h"

#define LK_CLIENT_NONE UINT32_MAX

/* What the desk asks of those who hold the sockets. A client may be closed in any of its calls that
 * sends; io->close is then called once, and its number is free. */
struct lk_desk_io {
    /* One packet, without waiting: 0, -EAGAIN: the client has not read enough, else it is gone. */
    int (*send)(void *owner, uint32_t client, struct lk_bytes head, struct lk_bytes body);
    /* Whether lk_desk_writable is wanted when the socket has room again. */
    void (*watch)(void *owner, uint32_t client, bool output);
    void (*close)(void *owner, uint32_t client);
};

struct lk_desk_conf {
    uint32_t clients, in_flight, in_flight_large; /* fixed at init */
    uint32_t in_flight_per_client, output_bytes_per_client;
    uint64_t unread_ns;
};

struct lk_ask {
    uint64_t client_id;
    uint32_t client, tag;
    uint32_t parcel;
    uint32_t bytes;      /* of the request, then of the answer */
    uint32_t next, prev; /* among those of its client that are under way, or unread */
    uint8_t outcome;
    bool unread;
    uint64_t sent_ns, done_ns; /* by the client; the answer */
};

struct lk_desk_client {
    bool open, allowed, watched;
    uint32_t in_flight; /* asks, unread ones included */
    uint32_t unread_bytes;
    uint32_t first;                    /* asks under way */
    uint32_t unread_head, unread_tail; /* asks that are done, in order */
    uint32_t next_free;
};

struct lk_desk {
    struct lk_desk_conf conf;
    const struct lk_desk_io *io;
    void *owner;
    struct lk_broker *broker;
    struct lk_agent_metrics *metrics;
    struct lk_parcels parcels;
    struct lk_rng rng;
    struct lk_desk_client *client;
    struct lk_ask *ask; /* by errand */
    struct lk_due due;  /* clients to be cut off */
    uint32_t free, open;
    bool leaving;
};

LK_MUST_USE lk_err lk_desk_init(struct lk_desk *d, const struct lk_desk_conf *conf,
                                struct lk_broker *broker, struct lk_agent_metrics *metrics,
                                const struct lk_desk_io *io, void *owner);
void lk_desk_fini(struct lk_desk *d);

/* A client that connected; one that is not allowed gets one answer that says so. LK_CLIENT_NONE:
 * there is no room. */
uint32_t lk_desk_open(struct lk_desk *d, bool allowed, uint64_t now_ns);
/* The client has gone: its requests are nobody's. io->close is not called. */
void lk_desk_gone(struct lk_desk *d, uint32_t client);
/* False: the client was closed. packet may be longer than a packet may be: malformed. A request's
 * time runs from sent_ns, not later than now: what has lain unread for that long is not sent. */
bool lk_desk_packet(struct lk_desk *d, uint32_t client, struct lk_bytes packet, uint64_t sent_ns,
                    uint64_t now_ns);
void lk_desk_writable(struct lk_desk *d, uint32_t client, uint64_t now_ns);

/* The bytes of an errand, for its key server. */
struct lk_bytes lk_desk_request(const struct lk_desk *d, uint32_t errand);
/* The broker's errand is done: with a key server's answer, or with an outcome. Releases it, once
 * the client has taken it. */
void lk_desk_answer(struct lk_desk *d, uint32_t errand, struct lk_bytes message, uint64_t now_ns);
void lk_desk_fail(struct lk_desk *d, uint32_t errand, uint8_t outcome, uint64_t now_ns);

/* From now on requests are answered with outcome 7, what was not sent too, and clients that wait
 * for nothing are closed by lk_desk_close_idle. */
void lk_desk_leave(struct lk_desk *d);
void lk_desk_close_idle(struct lk_desk *d);

/* Closes a client that may no longer ask. */
void lk_desk_forbid(struct lk_desk *d, uint32_t client);

void lk_desk_turn(struct lk_desk *d, uint64_t now_ns);
uint64_t lk_desk_due_ns(const struct lk_desk *d);

#endif
