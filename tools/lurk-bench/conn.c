#include "tools/lurk-bench/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/wire/header.h"

#define RAW_BYTES (LK_BENCH_DATAGRAMS * LK_BENCH_DATAGRAM_BYTES)

/* --- buffers ---------------------------------------------------------------------------------- */

bool lk_bench_growing_put(struct lk_bench_growing *to, const void *data, size_t len)
{
    if (len == 0) return true; /* there may be no memory yet to copy nothing to */
    if (to->len + len > to->size) {
        size_t size = to->size ? to->size : 1024;
        while (size < to->len + len)
            size *= 2;
        uint8_t *grown = realloc(to->data, size);
        if (!grown) return false;
        to->data = grown;
        to->size = size;
    }
    memcpy(to->data + to->len, data, len);
    to->len += len;
    return true;
}

bool lk_bench_conn_datagram_put(struct lk_bench_conn *conn, const void *data, size_t len)
{
    if (conn->datagram_count == conn->datagram_size) {
        uint32_t size = conn->datagram_size ? conn->datagram_size * 2 : 16;
        uint16_t *grown = realloc(conn->datagram, size * sizeof(*grown));
        if (!grown) return false;
        conn->datagram = grown;
        conn->datagram_size = size;
    }
    if (len > UINT16_MAX || !lk_bench_growing_put(&conn->out, data, len)) return false;
    conn->datagram[conn->datagram_count++] = (uint16_t)len;
    return true;
}

/* Keeps the first failure as a sentence. */
static enum lk_bench_end explain(struct lk_bench_conn *conn, enum lk_bench_end end,
                                 const char *what, const char *why)
{
    if (!conn->env->error[0])
        snprintf(conn->env->error, sizeof(conn->env->error), "%s: %s", what, why);
    return end;
}

static const char *session_reason(const struct lk_bench_conn *conn)
{
    long verify = SSL_get_verify_result(conn->ssl);
    if (verify == X509_V_ERR_HOSTNAME_MISMATCH || verify == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return "the server's certificate is of another host; --server-name says which to expect";
    if (verify != X509_V_OK) return X509_verify_cert_error_string(verify);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "the server closed the connection";
}

/* --- sending ---------------------------------------------------------------------------------- */

static void interest_set(struct lk_bench_conn *conn, bool write)
{
    if (conn->want_write == write) return;
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0u), .data.ptr = conn};
    if (epoll_ctl(conn->env->epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0) conn->want_write = write;
}

static enum lk_bench_end stream_send(struct lk_bench_conn *conn)
{
    struct lk_bench_growing *out = &conn->out;
    while (out->at < out->len) {
        ssize_t n = send(conn->fd, out->data + out->at, out->len - out->at,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            interest_set(conn, true);
            return LK_BENCH_END_NONE;
        }
        if (n < 0 && errno != EINTR)
            return explain(conn, LK_BENCH_END_CLOSED, "send", strerror(errno));
        if (n > 0) out->at += (size_t)n;
    }
    out->at = out->len = 0;
    interest_set(conn, false);
    return LK_BENCH_END_NONE;
}

/* What the socket does not take is lost, as it may be: timers repeat it. */
static enum lk_bench_end datagram_send(struct lk_bench_conn *conn)
{
    struct mmsghdr message[LK_BENCH_DATAGRAMS];
    struct iovec piece[LK_BENCH_DATAGRAMS];
    uint8_t *at = conn->out.data;
    for (uint32_t done = 0; done < conn->datagram_count;) {
        unsigned n = 0;
        for (; n < LK_BENCH_DATAGRAMS && done < conn->datagram_count; n++, done++) {
            piece[n] = (struct iovec){.iov_base = at, .iov_len = conn->datagram[done]};
            message[n] = (struct mmsghdr){.msg_hdr = {.msg_iov = &piece[n], .msg_iovlen = 1}};
            at += conn->datagram[done];
        }
        int sent = sendmmsg(conn->fd, message, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == ECONNREFUSED && conn->state != LK_BENCH_CONN_OPEN)
            return explain(conn, LK_BENCH_END_CONNECT, "send", strerror(errno));
    }
    conn->datagram_count = 0;
    conn->out.at = conn->out.len = 0;
    return LK_BENCH_END_NONE;
}

static enum lk_bench_end out_send(struct lk_bench_conn *conn)
{
    if (conn->out.len == 0) return LK_BENCH_END_NONE;
    return conn->env->transport->datagram ? datagram_send(conn) : stream_send(conn);
}

static enum lk_bench_end session_write(struct lk_bench_conn *conn, const void *data, size_t len)
{
    ERR_clear_error();
    if (SSL_write(conn->ssl, data, (int)len) == (int)len) return LK_BENCH_END_NONE;
    return explain(conn, LK_BENCH_END_CLOSED, "session", session_reason(conn));
}

enum lk_bench_end lk_bench_conn_put(struct lk_bench_conn *conn, struct lk_bytes message)
{
    bool good;
    if (!conn->env->transport->datagram)
        good = lk_bench_growing_put(&conn->queue, message.data, message.len);
    else if (conn->ssl)
        return session_write(conn, message.data, message.len);
    else
        good = lk_bench_conn_datagram_put(conn, message.data, message.len);
    return good ? LK_BENCH_END_NONE : explain(conn, LK_BENCH_END_CLOSED, "memory", "none left");
}

enum lk_bench_end lk_bench_conn_flush(struct lk_bench_conn *conn)
{
    if (conn->queue.len > 0) {
        enum lk_bench_end end = LK_BENCH_END_NONE;
        if (conn->ssl)
            end = session_write(conn, conn->queue.data, conn->queue.len);
        else if (!lk_bench_growing_put(&conn->out, conn->queue.data, conn->queue.len))
            end = LK_BENCH_END_CLOSED;
        conn->queue.len = 0;
        if (end != LK_BENCH_END_NONE) return end;
    }
    return out_send(conn);
}

/* --- receiving -------------------------------------------------------------------------------- */

static enum lk_bench_end message_deliver(struct lk_bench_conn *conn, struct lk_bytes message,
                                         uint64_t now_ns)
{
    if (lk_bench_load_message(conn->env->load, conn, message, now_ns)) return LK_BENCH_END_NONE;
    return explain(conn, LK_BENCH_END_BROKEN, "answer", "not one a client may accept");
}

/* Cuts messages off a stream's bytes, the carried head in front of them; carries the next head. */
static enum lk_bench_end stream_deliver(struct lk_bench_conn *conn, struct lk_bytes bytes,
                                        uint64_t now_ns)
{
    bool carried = conn->carry.len > 0;
    if (carried) {
        if (!lk_bench_growing_put(&conn->carry, bytes.data, bytes.len)) return LK_BENCH_END_CLOSED;
        bytes = lk_bytes_of(conn->carry.data, conn->carry.len);
    }
    struct lk_bytes message;
    enum lk_cut cut;
    while ((cut = lk_header_next(bytes, LK_MESSAGE_BYTES_MAX, &message)) == LK_CUT_MESSAGE) {
        enum lk_bench_end end = message_deliver(conn, message, now_ns);
        if (end != LK_BENCH_END_NONE) return end;
        bytes = lk_bytes_of(bytes.data + message.len, bytes.len - message.len);
    }
    if (cut == LK_CUT_LOST)
        return explain(conn, LK_BENCH_END_BROKEN, "answer", "an impossible length");
    if (carried) {
        memmove(conn->carry.data, bytes.data, bytes.len);
        conn->carry.len = bytes.len;
        return LK_BENCH_END_NONE;
    }
    return lk_bench_growing_put(&conn->carry, bytes.data, bytes.len) ? LK_BENCH_END_NONE
                                                                     : LK_BENCH_END_CLOSED;
}

static enum lk_bench_end plain_deliver(struct lk_bench_conn *conn, struct lk_bytes bytes,
                                       uint64_t now_ns)
{
    conn->heard_ns = now_ns;
    return conn->env->transport->datagram ? message_deliver(conn, bytes, now_ns)
                                          : stream_deliver(conn, bytes, now_ns);
}

static enum lk_bench_end session_read(struct lk_bench_conn *conn, uint64_t now_ns)
{
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(conn->ssl, conn->env->plain, RAW_BYTES);
        if (n <= 0) {
            int error = SSL_get_error(conn->ssl, n);
            if (error == SSL_ERROR_WANT_READ) return LK_BENCH_END_NONE;
            if (error == SSL_ERROR_ZERO_RETURN)
                return explain(conn, LK_BENCH_END_CLOSED, "session", "the server closed it");
            return explain(conn, LK_BENCH_END_CLOSED, "session", session_reason(conn));
        }
        enum lk_bench_end end = plain_deliver(conn, lk_bytes_of(conn->env->plain, (size_t)n),
                                              now_ns);
        if (end != LK_BENCH_END_NONE) return end;
    }
}

static enum lk_bench_end shake(struct lk_bench_conn *conn, uint64_t now_ns)
{
    ERR_clear_error();
    int n = SSL_do_handshake(conn->ssl);
    enum lk_bench_end sent = out_send(conn);
    if (n == 1) {
        conn->state = LK_BENCH_CONN_OPEN;
        conn->since_ns = conn->heard_ns = now_ns;
        return sent;
    }
    if (SSL_get_error(conn->ssl, n) == SSL_ERROR_WANT_READ) return sent;
    return explain(conn, LK_BENCH_END_HANDSHAKE, "handshake", session_reason(conn));
}

/* Bytes of one receive, a stream's piece or one datagram. */
static enum lk_bench_end bytes_take(struct lk_bench_conn *conn, struct lk_bytes bytes,
                                    uint64_t now_ns)
{
    if (!conn->ssl) return plain_deliver(conn, bytes, now_ns);
    conn->in = bytes;
    if (conn->state == LK_BENCH_CONN_SHAKING) {
        enum lk_bench_end end = shake(conn, now_ns);
        if (end != LK_BENCH_END_NONE || conn->state == LK_BENCH_CONN_SHAKING) return end;
    }
    return session_read(conn, now_ns);
}

static enum lk_bench_end stream_receive(struct lk_bench_conn *conn, uint64_t now_ns)
{
    ssize_t n;
    do {
        n = recv(conn->fd, conn->env->raw, RAW_BYTES, MSG_DONTWAIT);
        if (n == 0) {
            bool shaking = conn->state == LK_BENCH_CONN_SHAKING;
            return explain(conn, shaking ? LK_BENCH_END_HANDSHAKE : LK_BENCH_END_CLOSED,
                           "connection", "the server closed it");
        }
        if (n < 0) {
            if (errno == EAGAIN || errno == EINTR) return LK_BENCH_END_NONE;
            return explain(conn, LK_BENCH_END_CLOSED, "receive", strerror(errno));
        }
        enum lk_bench_end end = bytes_take(conn, lk_bytes_of(conn->env->raw, (size_t)n), now_ns);
        if (end != LK_BENCH_END_NONE) return end;
    } while (n == RAW_BYTES);
    return LK_BENCH_END_NONE;
}

static enum lk_bench_end datagram_receive(struct lk_bench_conn *conn, uint64_t now_ns)
{
    struct mmsghdr message[LK_BENCH_DATAGRAMS];
    struct iovec piece[LK_BENCH_DATAGRAMS];
    for (unsigned i = 0; i < LK_BENCH_DATAGRAMS; i++) {
        piece[i] = (struct iovec){conn->env->raw + i * LK_BENCH_DATAGRAM_BYTES,
                                  LK_BENCH_DATAGRAM_BYTES};
        message[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &piece[i], .msg_iovlen = 1}};
    }
    int n = recvmmsg(conn->fd, message, LK_BENCH_DATAGRAMS, MSG_DONTWAIT, NULL);
    if (n < 0 && errno == ECONNREFUSED && conn->state != LK_BENCH_CONN_OPEN)
        return explain(conn, LK_BENCH_END_CONNECT, "connection", strerror(errno));
    for (int i = 0; i < n; i++) {
        enum lk_bench_end end = bytes_take(conn, lk_bytes_of(piece[i].iov_base, message[i].msg_len),
                                           now_ns);
        if (end != LK_BENCH_END_NONE) return end;
    }
    return LK_BENCH_END_NONE;
}

/* --- life ------------------------------------------------------------------------------------- */

static enum lk_bench_end connected(struct lk_bench_conn *conn, uint64_t now_ns)
{
    conn->state = conn->env->identity ? LK_BENCH_CONN_SHAKING : LK_BENCH_CONN_OPEN;
    conn->since_ns = conn->heard_ns = now_ns;
    interest_set(conn, false);
    if (!conn->env->identity) return LK_BENCH_END_NONE;
    conn->ssl = lk_bench_session_new(conn);
    if (!conn->ssl)
        return explain(conn, LK_BENCH_END_CONNECT, "session", "libssl refused to make one");
    return shake(conn, now_ns);
}

enum lk_bench_end lk_bench_conn_open(struct lk_bench_conn *conn, uint64_t now_ns)
{
    const struct lk_bench_conn_env *env = conn->env;
    bool datagram = env->transport->datagram;
    int one = 1, wide = 4 << 20;
    conn->fd = socket(env->address.ss_family,
                      (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn->state = LK_BENCH_CONN_CONNECTING;
    conn->since_ns = now_ns;
    if (conn->fd < 0) return explain(conn, LK_BENCH_END_CONNECT, "socket", strerror(errno));
    if (datagram)
        setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &wide, sizeof(wide));
    else
        setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    conn->want_write = !datagram;
    struct epoll_event event = {.events = EPOLLIN | (datagram ? 0u : EPOLLOUT), .data.ptr = conn};
    if (epoll_ctl(env->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0)
        return explain(conn, LK_BENCH_END_CONNECT, "epoll", strerror(errno));
    if (connect(conn->fd, (const struct sockaddr *)&env->address, env->address_bytes) == 0)
        return connected(conn, now_ns);
    if (errno == EINPROGRESS) return LK_BENCH_END_NONE;
    return explain(conn, LK_BENCH_END_CONNECT, "connect", strerror(errno));
}

enum lk_bench_end lk_bench_conn_event(struct lk_bench_conn *conn, uint64_t now_ns)
{
    if (conn->state == LK_BENCH_CONN_CONNECTING) {
        int error = 0;
        socklen_t bytes = sizeof(error);
        getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
        if (error) return explain(conn, LK_BENCH_END_CONNECT, "connect", strerror(error));
        return connected(conn, now_ns);
    }
    if (conn->want_write && conn->out.len > 0) {
        enum lk_bench_end end = out_send(conn);
        if (end != LK_BENCH_END_NONE) return end;
    }
    return conn->env->transport->datagram ? datagram_receive(conn, now_ns)
                                          : stream_receive(conn, now_ns);
}

enum lk_bench_end lk_bench_conn_tick(struct lk_bench_conn *conn)
{
    if (!conn->ssl || !conn->env->transport->datagram || conn->state != LK_BENCH_CONN_SHAKING)
        return LK_BENCH_END_NONE;
    if (DTLSv1_handle_timeout(conn->ssl) < 0)
        return explain(conn, LK_BENCH_END_HANDSHAKE, "handshake", "no answer to any flight");
    return out_send(conn);
}

void lk_bench_conn_shut(struct lk_bench_conn *conn, bool polite)
{
    if (polite && conn->ssl && conn->state == LK_BENCH_CONN_OPEN && conn->out.len == 0) {
        ERR_clear_error();
        SSL_shutdown(conn->ssl);
        if (out_send(conn) != LK_BENCH_END_NONE) conn->out.len = 0;
    }
    if (conn->fd >= 0) close(conn->fd);
    SSL_free(conn->ssl);
    conn->fd = -1;
    conn->ssl = NULL;
    conn->want_write = false;
    conn->in.len = conn->out.len = conn->out.at = conn->queue.len = conn->carry.len = 0;
    conn->datagram_count = 0;
    conn->state = LK_BENCH_CONN_DOWN;
}

void lk_bench_conn_free(struct lk_bench_conn *conn)
{
    lk_bench_conn_shut(conn, true);
    free(conn->out.data);
    free(conn->queue.data);
    free(conn->carry.data);
    free(conn->datagram);
    lk_bench_flight_fini(&conn->flight);
}
