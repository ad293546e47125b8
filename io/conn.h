/* conn: the peers of one loop, by index and generation, and all that serves them in a turn.
 *
 * struct lk_peers is what a transport and the intake work with: the turn's time, the view, the
 * pools and the list of what is to be sent. It knows no io_uring, so tests run it with any time and
 * read what it would send; the loop turns its lists into submissions at the end of a turn.
 *
 * Owner   the loop's thread. Memory from lk_peers_init; taking and releasing a conn allocates
 *         nothing of ours (OpenSSL allocates in handshakes).
 * Life    take -> HANDSHAKE -> OPEN -> CLOSING (what is pending still goes out) -> GONE (nothing
 *         more in or out, waiting for the kernel's completions) -> free, with another
 *         generation. */
#ifndef LK_IO_CONN_H
#define LK_IO_CONN_H

#include <openssl/types.h>

#include "core/base/bytes.h"
#include "core/base/log.h"
#include "core/watch/metrics.h"
#include "crypto/siphash.h"
#include "io/buf.h"
#include "io/view.h"

struct lk_transport;
struct lk_intake;
struct lk_peers;
struct lk_dtls;      /* of dtls.c, one a loop */
struct lk_dtls_peer; /* of dtls.c, one an association */
struct lk_udp;       /* of udp.c, one a loop */

#define LK_STREAM_NETWORKS 4096
#define LK_TIME_NEVER UINT64_MAX

enum lk_conn_state { LK_CONN_FREE, LK_CONN_HANDSHAKE, LK_CONN_OPEN, LK_CONN_CLOSING, LK_CONN_GONE };

struct lk_conn {
    struct lk_peers *peers;
    const struct lk_transport *transport;
    uint32_t index, generation;
    uint8_t state; /* enum lk_conn_state */
    bool touched;  /* in peers->touched */
    bool said_bye;
    bool shaking;     /* counted among the streams that have not proved who they are */
    uint16_t network; /* its counter, while shaking */
    uint16_t owner;   /* tenant, once known and one of several; or LK_SHARE_NOBODY */
    /* Streams, of the loop. ended: the peer sent its last byte. */
    bool recv_armed, sending, shut, ended;

    /* who. identity is malloc'ed when known; edge belongs to the view of view_generation: go
     * through lk_conn_edge, which judges again under a newer view. */
    char *identity; /* "uri:..." or "dns:..." */
    const struct lk_edge *edge;
    uint64_t view_generation;
    int64_t good_until_s; /* its certificate ends then: it is judged again, and closed */
    uint64_t peer_hash; /* as in struct lk_slot */
    struct lk_address address;
    int fd; /* streams: own; datagrams: the socket it answers through, not owned */

    SSL *ssl; /* tls, dtls */
    struct lk_dtls_peer *dtls;
    struct lk_bytes in; /* what the BIO reads from, during transport->recv only */

    uint32_t in_flight;        /* requests in the vault's hands */
    uint32_t in_flight_large;  /* those of them in large slots */
    uint32_t answer_bytes_max; /* of a whole message; datagrams: what fits the path */

    /* streams, input: a message that is not whole yet; a refused one is skipped by its length */
    uint8_t head[LK_HEADER_BYTES];
    uint32_t head_len;
    uint32_t skip;
    struct lk_part *part;
    uint64_t part_since_ns;

    /* streams, output: plain answers of which records are not made yet; chunks to be sent */
    struct lk_out *plain_first, *plain_last;
    struct lk_out *out_first, *out_last;
    uint32_t pending_bytes; /* in both */

    uint64_t opened_ns, heard_ns, sending_since_ns;
};

struct lk_peers {
    uint64_t now_ns; /* of the turn */
    int64_t now_unix_s;
    const struct lk_view *view;
    struct lk_counters *counters;
    struct lk_intake *intake;
    struct lk_out_pool outs;
    struct lk_part_pool parts;

    struct lk_conn *conn; /* [conn_max] */
    uint64_t *due_ns;     /* [conn_max], when transport->due is to be called; dense: it is swept */
    uint32_t *free;       /* stack of indices */
    uint32_t conn_max, conn_count;
    /* Streams that have not proved who they are, in all and by network (a keyed hash picks). */
    struct lk_siphash_key network_key;
    uint32_t shaking, shaking_of[LK_STREAM_NETWORKS];
    struct lk_share share; /* of conns */

    uint32_t *touched; /* conns to flush at the end of this turn */
    uint32_t touched_count;
    uint32_t *gone; /* conns that are GONE: the loop ends their socket operations, then releases */
    uint32_t gone_count;
    struct lk_out *datagrams_first, *datagrams_last; /* to be sent at the end of this turn */

    bool draining;
    struct lk_log_limit log_denied, log_request, log_handshake, log_skew, log_full;
    struct lk_dtls *dtls;
    struct lk_udp *udp;
};

LK_MUST_USE lk_err lk_peers_init(struct lk_peers *peers, const struct lk_view *view,
                                 struct lk_counters *counters, uint32_t conn_max);
void lk_peers_fini(struct lk_peers *peers);

/* A peer in state HANDSHAKE, due at the handshake deadline, fd and ssl unset. NULL: the table is
 * full, or too many streams, of this network or in all, have not proved who they are (counted, and
 * logged now and then), or draining. Counts CONNS_OPENED. */
struct lk_conn *lk_conn_take(struct lk_peers *peers, const struct lk_transport *transport,
                             const struct lk_address *address);
/* NULL when it is not there any more, or GONE. */
struct lk_conn *lk_conn_find(struct lk_peers *peers, uint32_t index, uint32_t generation);

/* transport->flush will be called once at the end of this turn. */
void lk_conn_touch(struct lk_conn *conn);
/* When transport->due is next called (coarse: sweeps are some 50 ms apart). */
void lk_conn_due(struct lk_conn *conn, uint64_t at_ns);

/* The handshake ended well: identity proved. Finds the edge, under a view that came meanwhile too;
 * false: nobody we know or no longer allowed (counted, logged, the caller closes). Else OPEN. */
bool lk_conn_proved(struct lk_conn *conn, const char *identity);
/* The edge under the current view. NULL: no longer allowed or revoked; the conn is being closed. */
const struct lk_edge *lk_conn_edge(struct lk_conn *conn);

/* One line in the log about this peer with its address, at most a few a second over all peers. */
void lk_conn_note(struct lk_conn *conn, const char *message, const char *why);

/* Orderly end: what is pending goes out, then transport->bye, then it is dropped. Requests that are
 * still with the vault are not waited for. */
void lk_conn_close(struct lk_conn *conn);
/* At once: transport->fini, GONE, listed in peers->gone. Answers that come later are dropped. */
void lk_conn_drop(struct lk_conn *conn);
/* The loop (streams) or the flush at the end of the turn (datagrams): nothing of the kernel points
 * here any more. */
void lk_conn_release(struct lk_conn *conn);

/* --- output --------------------------------------------------------------------------------- */

/* Streams: a copy of these bytes goes to the socket after all earlier ones. False: no chunk left or
 * the output cap is passed. */
bool lk_conn_write(struct lk_conn *conn, const void *data, size_t len);
/* Streams: plain answers gather here until flush makes one record of each chunk. Same errors. */
bool lk_conn_pend(struct lk_conn *conn, const void *data, size_t len);
/* Streams, for flush: the oldest chunk of plain answers (NULL: none), and it became a record. */
struct lk_out *lk_conn_plain(struct lk_conn *conn);
void lk_conn_plain_done(struct lk_conn *conn);
/* The loop: the kernel took all of out_first. */
void lk_conn_sent(struct lk_conn *conn);
/* Datagrams: queue a filled chunk (fd, to, segment, len set by the caller), taken from peers->outs.
 * It is sent at the end of the turn, and comes back to the pool by itself. */
void lk_peers_send(struct lk_peers *peers, struct lk_out *out);
/* The turn ends: flush, and bye where a conn is closing, on each touched conn. */
void lk_peers_flush(struct lk_peers *peers);
/* Calls transport->due where its time has come. */
void lk_peers_expire(struct lk_peers *peers);
/* Judges up to `count` peers under the current view, from *next on. False: all are judged. */
bool lk_peers_judge(struct lk_peers *peers, uint32_t *next, uint32_t count);
/* Streams: the deadlines every stream has (handshake, half a message, a send that does not end,
 * idleness, closing); transport->due of tls and tcp. */
void lk_conn_stream_due(struct lk_conn *conn);

#endif
