/* conn: one connection of the load: its socket, its TLS or DTLS session over memory buffers, and
 * the bytes on their way. It hands whole messages upwards and knows nothing of what they mean.
 *
 * Messages queued in one turn leave together at the flush: in as few records as they fit and one
 * send on streams, one datagram each in one system call on datagrams. Owner a load; its thread. */
#ifndef LK_TOOLS_BENCH_CONN_H
#define LK_TOOLS_BENCH_CONN_H

#include <openssl/ssl.h>
#include <sys/socket.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "tools/liblurk/identity.h"
#include "tools/lurk-bench/flight.h"
#include "tools/lurk-bench/options.h"
#include "tools/lurk-bench/transport.h"

enum lk_bench_conn_state {
    LK_BENCH_CONN_DOWN,       /* may be opened once retry_ns has come */
    LK_BENCH_CONN_CONNECTING, /* TCP */
    LK_BENCH_CONN_SHAKING,    /* TLS or DTLS handshake */
    LK_BENCH_CONN_OPEN,
    LK_BENCH_CONN_FAILED /* not to be opened again */
};

enum lk_bench_end {
    LK_BENCH_END_NONE,
    LK_BENCH_END_CONNECT,   /* no connection came to be */
    LK_BENCH_END_HANDSHAKE, /* the handshake failed */
    LK_BENCH_END_CLOSED,    /* the server closed, or the socket broke */
    LK_BENCH_END_SILENT, /* datagrams: nothing came after a request's last repeat, to its deadline
                          */
    LK_BENCH_END_BROKEN  /* the server sent what no client may accept */
};

#define LK_BENCH_DATAGRAM_BYTES 4096
#define LK_BENCH_DATAGRAMS 64

struct lk_bench_growing {
    uint8_t *data;
    size_t len, at, size;
};

/* What the connections of a thread share. */
struct lk_bench_conn_env {
    const struct lk_bench_options *options;
    const struct lk_bench_transport *transport;
    struct lurk_identity *identity; /* NULL on plain transports */
    struct sockaddr_storage address;
    socklen_t address_bytes;
    int epoll;
    uint8_t *raw;   /* received bytes of this call: LK_BENCH_DATAGRAMS * LK_BENCH_DATAGRAM_BYTES */
    uint8_t *plain; /* decrypted bytes, as large */
    struct lk_bench_load *load;
    char error[256]; /* the first failure, for people */
};

struct lk_bench_conn {
    struct lk_bench_conn_env *env;
    enum lk_bench_conn_state state;
    int fd;
    bool want_write, queued;
    SSL *ssl;
    struct lk_bytes in;            /* bytes the session may read now */
    struct lk_bench_growing out;   /* towards the socket */
    struct lk_bench_growing queue; /* messages of this turn, streams only */
    struct lk_bench_growing carry; /* head of a message whose rest has not come, streams only */
    uint16_t *datagram;            /* sizes of the datagrams in out */
    uint32_t datagram_count, datagram_size;
    uint64_t since_ns, retry_ns, retry_wait_ns, heard_ns, srtt_ns;
    struct lk_bench_flight flight;
};

/* Who all sessions are: authority, our certificate and key, versions, by the rules of any client's
 * (liblurk). On failure *error says which file and what is wrong. NULL then. */
struct lurk_identity *lk_bench_session_identity(const struct lk_bench_options *options, char *error,
                                                uint32_t error_bytes);

/* Starts to connect. The outcome comes through lk_bench_conn_event. */
enum lk_bench_end lk_bench_conn_open(struct lk_bench_conn *conn, uint64_t now_ns);
/* Something happened on the socket: connects, shakes hands, receives. Each whole message goes to
 * lk_bench_load_message. Returns why the connection can not go on, or NONE. */
enum lk_bench_end lk_bench_conn_event(struct lk_bench_conn *conn, uint64_t now_ns);
/* Repeats a DTLS handshake flight whose timer has run out. */
enum lk_bench_end lk_bench_conn_tick(struct lk_bench_conn *conn);
/* Queues one message. */
enum lk_bench_end lk_bench_conn_put(struct lk_bench_conn *conn, struct lk_bytes message);
/* Sends what is queued. */
enum lk_bench_end lk_bench_conn_flush(struct lk_bench_conn *conn);
/* Closes socket and session, politely when `polite`; buffers stay for the next opening. */
void lk_bench_conn_shut(struct lk_bench_conn *conn, bool polite);
void lk_bench_conn_free(struct lk_bench_conn *conn);

/* conn.c's face towards session.c, datagram.c. */
bool lk_bench_growing_put(struct lk_bench_growing *to, const void *data, size_t len);
SSL *lk_bench_session_new(struct lk_bench_conn *conn);
bool lk_bench_conn_datagram_put(struct lk_bench_conn *conn, const void *data, size_t len);

/* answer.c: one whole message came. False: no client may accept it. */
bool lk_bench_load_message(struct lk_bench_load *load, struct lk_bench_conn *conn,
                           struct lk_bytes message, uint64_t now_ns);

#endif
