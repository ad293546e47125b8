/* transport: the functions that make a transport, one constant row each: bytes of a socket to plain
 * messages of one edge, and answers back. The loop does the socket operations, a transport none.
 *
 *   streams    accept -> recv ... -> answer ... -> flush -> bye -> fini
 *   datagrams  heard (finds or takes the peer by address) ... -> answer ... -> flush -> bye -> fini
 *
 * Whatever a transport is given is untrusted and lives for the call only. All run in a turn, on the
 * loop's thread; time is peers->now_ns. */
#ifndef LK_IO_TRANSPORT_H
#define LK_IO_TRANSPORT_H

#include "core/conf/conf.h"
#include "core/wire/header.h"
#include "io/conn.h"

/* An answer on its way out. payload is borrowed for the call and may be secret. */
struct lk_answer {
    struct lk_header header; /* length set */
    struct lk_bytes payload;
    uint64_t tag; /* as given to lk_intake_message with the request */
    bool keep;    /* datagrams: a repeat of the request gets these bytes again (lurk.md 4) */
};

struct lk_transport {
    const char *name;
    enum lk_transport_id id;
    bool datagrams;

    /* Memory of the transport in this loop (peers->dtls ...); may be NULL. Once, before the first
     * turn. */
    lk_err (*start)(struct lk_peers *peers);
    void (*stop)(struct lk_peers *peers);

    /* Streams: make the session of a fresh conn. False: the loop drops it. */
    bool (*accept)(struct lk_conn *conn);
    /* Streams: bytes came. All are consumed. Messages go to lk_intake_stream. */
    void (*recv)(struct lk_conn *conn, struct lk_bytes bytes);
    /* Datagrams: one came in at socket fd. Messages go to lk_intake_message. */
    void (*heard)(struct lk_peers *peers, int fd, const struct lk_address *from,
                  struct lk_bytes bytes);

    /* An answer of the intake: write it or gather it. No answer comes to a conn that is not OPEN or
     * CLOSING. Failure (no room, over the cap) is the transport's to handle: streams drop the
     * conn. */
    void (*answer)(struct lk_conn *conn, const struct lk_answer *answer);
    /* The turn ends: what was gathered becomes records. Touched conns only. */
    void (*flush)(struct lk_conn *conn);
    /* peers->due_ns has passed: handshake or idle deadline, retransmission. Sets the next one. */
    void (*due)(struct lk_conn *conn);
    /* Write a close_notify or the like; after the last flush. */
    void (*bye)(struct lk_conn *conn);
    /* Free the session. Nothing is written. */
    void (*fini)(struct lk_conn *conn);
    /* Some 50 ms apart, whatever the traffic: let go what is past its time. May be NULL. */
    void (*sweep)(struct lk_peers *peers);
};

extern const struct lk_transport lk_transport_tls, lk_transport_dtls;
/* NULL: not in this build. A test build wraps it and adds the plain ones. */
const struct lk_transport *lk_transport_find(enum lk_transport_id id);

/* Who a peer of a plain transport is: there is nothing to prove it by. */
#define LK_PLAIN_IDENTITY "uri:lurk://plain"
/* tcp.c and udp.c; nothing in a release build refers to them. */
extern const struct lk_transport lk_transport_tcp, lk_transport_udp;

#endif
