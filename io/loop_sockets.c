#include "io/loop_sockets.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"

#define STREAM_GROUP 0
#define STREAM_BUFS 512
#define STREAM_BUF_BYTES 8192
#define DATAGRAM_GROUP 1
#define DATAGRAM_BUFS 128
#define DATAGRAM_BUF_BYTES (65536 + 512) /* several datagrams of one peer at once (UDP_GRO) */
#define DATAGRAM_CONTROL_BYTES 128
#define DATAGRAM_NAME_BYTES 32 /* a sockaddr_in6, and the control data behind it stays aligned */
/* A peer whose machine is gone gives its place back in two minutes; the kernel's own is two
 * hours. */
#define KEEPALIVE_S 60
#define KEEPALIVE_EACH_S 15
#define KEEPALIVE_COUNT 4
#define LINGER_MS 1000 /* for the peer to read our last bytes and close */

/* What a completion is of: kind, generation of the conn, index. */
enum kind { K_ACCEPT, K_RECV, K_SEND, K_DATAGRAM, K_DATAGRAM_SENT, K_BELL, K_ORDER, K_CANCEL };
#define GENERATION_MASK 0xffffffu

static uint64_t name_of(enum kind kind, uint32_t generation, uint32_t index)
{
    return (uint64_t)kind << 56 | (uint64_t)(generation & GENERATION_MASK) << 32 | index;
}

static struct io_uring_sqe *next_sqe(struct lk_loop *loop)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->uring);
    if (sqe == NULL) {
        io_uring_submit(&loop->uring);
        sqe = io_uring_get_sqe(&loop->uring);
    }
    LK_ASSERT(sqe != NULL);
    return sqe;
}

/* --- listening ------------------------------------------------------------------------------ */

static void arm_accept(struct lk_loop *loop, uint32_t row)
{
    struct io_uring_sqe *sqe = next_sqe(loop);
    io_uring_prep_multishot_accept(sqe, loop->conf.listener[row].fd, NULL, NULL, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, name_of(K_ACCEPT, 0, row));
}

static void arm_datagrams(struct lk_loop *loop, uint32_t row)
{
    struct io_uring_sqe *sqe = next_sqe(loop);
    io_uring_prep_recvmsg_multishot(sqe, loop->conf.listener[row].fd, &loop->datagram_shape, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = DATAGRAM_GROUP;
    io_uring_sqe_set_data64(sqe, name_of(K_DATAGRAM, 0, row));
}

static void arm_listener(struct lk_loop *loop, uint32_t row)
{
    if (loop->transport[row]->datagrams)
        arm_datagrams(loop, row);
    else
        arm_accept(loop, row);
    loop->listening[row] = true;
}

static void arm_poll(struct lk_loop *loop, int fd, enum kind kind)
{
    struct io_uring_sqe *sqe = next_sqe(loop);
    io_uring_prep_poll_multishot(sqe, fd, POLLIN);
    io_uring_sqe_set_data64(sqe, name_of(kind, 0, 0));
}

static void set(int fd, int level, int option, int value)
{
    /* Each is a help, not a need: an old kernel without one serves as well, if slower. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* Accepted sockets inherit what their listener has. */
static void prepare_socket(int fd, bool datagrams)
{
    if (datagrams) {
        set(fd, SOL_UDP, UDP_GRO, 1);
        set(fd, IPPROTO_IP, IP_PKTINFO, 1);
        set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
        set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EACH_S);
        set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    }
}

static lk_err start_transport(struct lk_loop *loop, const struct lk_transport *transport,
                              uint32_t row)
{
    for (uint32_t i = 0; i < row; i++)
        if (loop->transport[i] == transport) return LK_OK;
    return transport->start != NULL ? transport->start(&loop->peers) : LK_OK;
}

static void stop_transports(struct lk_loop *loop, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        bool first = true;
        for (uint32_t i = 0; i < row; i++)
            first = first && loop->transport[i] != loop->transport[row];
        if (first && loop->transport[row]->stop != NULL) loop->transport[row]->stop(&loop->peers);
    }
}

lk_err lk_loop_listen(struct lk_loop *loop)
{
    for (uint32_t row = 0; row < loop->conf.listener_count; row++) {
        const struct lk_loop_listener *listener = &loop->conf.listener[row];
        const struct lk_transport *transport = lk_transport_find(
            (enum lk_transport_id)listener->transport);
        lk_err err = transport != NULL ? start_transport(loop, transport, row) : LK_ERR_UNKNOWN;
        if (err != LK_OK) {
            stop_transports(loop, row);
            return err;
        }
        loop->transport[row] = transport;
        prepare_socket(listener->fd, transport->datagrams);
    }
    for (uint32_t row = 0; row < loop->conf.listener_count; row++)
        arm_listener(loop, row);
    arm_poll(loop, loop->conf.bell_fd, K_BELL);
    arm_poll(loop, loop->order_fd, K_ORDER);
    return LK_OK;
}

void lk_loop_listen_again(struct lk_loop *loop)
{
    for (uint32_t row = 0; row < loop->conf.listener_count; row++) {
        bool wanted = !loop->peers.draining || loop->transport[row]->datagrams;
        if (wanted && !loop->listening[row]) arm_listener(loop, row);
    }
}

/* Datagram sockets go on: their peers are still to be answered. */
void lk_loop_stop_listening(struct lk_loop *loop)
{
    for (uint32_t row = 0; row < loop->conf.listener_count; row++) {
        if (loop->transport[row]->datagrams || !loop->listening[row]) continue;
        struct io_uring_sqe *sqe = next_sqe(loop);
        io_uring_prep_cancel64(sqe, name_of(K_ACCEPT, 0, row), 0);
        io_uring_sqe_set_data64(sqe, name_of(K_CANCEL, 0, row));
    }
}

lk_err lk_loop_open_buffers(struct lk_loop *loop)
{
    bool datagrams = false;
    for (uint32_t row = 0; row < loop->conf.listener_count; row++) {
        uint32_t id = loop->conf.listener[row].transport;
        datagrams = datagrams || id == LK_TRANSPORT_DTLS || id == LK_TRANSPORT_UDP;
    }
    loop->datagram_shape = (struct msghdr){.msg_namelen = DATAGRAM_NAME_BYTES,
                                           .msg_controllen = DATAGRAM_CONTROL_BYTES};
    LK_TRY(lk_buf_ring_open(&loop->stream_bufs, &loop->uring, STREAM_GROUP, STREAM_BUFS,
                            STREAM_BUF_BYTES));
    if (!datagrams) return LK_OK;
    return lk_buf_ring_open(&loop->datagram_bufs, &loop->uring, DATAGRAM_GROUP, DATAGRAM_BUFS,
                            DATAGRAM_BUF_BYTES);
}

void lk_loop_close_buffers(struct lk_loop *loop)
{
    lk_buf_ring_close(&loop->stream_bufs);
    lk_buf_ring_close(&loop->datagram_bufs);
}

/* --- streams -------------------------------------------------------------------------------- */

static void arm_recv(struct lk_loop *loop, struct lk_conn *conn)
{
    struct io_uring_sqe *sqe = next_sqe(loop);
    io_uring_prep_recv_multishot(sqe, conn->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = STREAM_GROUP;
    io_uring_sqe_set_data64(sqe, name_of(K_RECV, conn->generation, conn->index));
    conn->recv_armed = true;
}

static void welcome(struct lk_loop *loop, uint32_t row, int fd)
{
    struct lk_address address = {0};
    socklen_t bytes = sizeof address.peer;
    struct lk_conn *conn = NULL;
    if (getpeername(fd, &address.peer.sa, &bytes) == 0)
        conn = lk_conn_take(&loop->peers, loop->transport[row], &address);
    if (conn == NULL) {
        close(fd);
        return;
    }
    conn->fd = fd;
    if (conn->transport->accept(conn))
        arm_recv(loop, conn);
    else
        lk_conn_drop(conn);
}

/* Without a descriptor to spare the operation ends; the next tick tries again. */
static void on_accept(struct lk_loop *loop, uint32_t row, const struct io_uring_cqe *cqe)
{
    if (cqe->res >= 0) welcome(loop, row, cqe->res);
    if ((cqe->flags & IORING_CQE_F_MORE) != 0) return;
    loop->listening[row] = false;
    if (cqe->res >= 0 && !loop->peers.draining) arm_listener(loop, row);
}

/* The kernel's own reference is by index and generation; a conn is not freed while one is out. */
static struct lk_conn *conn_named(struct lk_loop *loop, uint64_t name)
{
    uint32_t index = (uint32_t)name, generation = (uint32_t)(name >> 32) & GENERATION_MASK;
    LK_ASSERT(index < loop->peers.conn_max);
    struct lk_conn *conn = &loop->peers.conn[index];
    LK_ASSERT(conn->state != LK_CONN_FREE && (conn->generation & GENERATION_MASK) == generation);
    return conn;
}

static void on_last_byte(struct lk_conn *conn)
{
    conn->ended = true;
    if (conn->state == LK_CONN_HANDSHAKE) {
        lk_count(conn->peers->counters, LK_C_HANDSHAKES_OTHER, 1);
        lk_conn_drop(conn);
    }
    lk_conn_close(conn);
    if (conn->state == LK_CONN_CLOSING) lk_conn_touch(conn);
}

static void on_bytes(struct lk_loop *loop, struct lk_conn *conn, const struct io_uring_cqe *cqe)
{
    uint16_t id = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    size_t len = (size_t)cqe->res;
    lk_count(loop->peers.counters, LK_C_BYTES_IN, len);
    if (conn->state == LK_CONN_HANDSHAKE || conn->state == LK_CONN_OPEN)
        conn->transport->recv(conn, lk_bytes_of(lk_buf_ring_at(&loop->stream_bufs, id), len));
    lk_buf_ring_give(&loop->stream_bufs, id);
}

static void on_recv(struct lk_loop *loop, const struct io_uring_cqe *cqe)
{
    struct lk_conn *conn = conn_named(loop, cqe->user_data);
    bool more = (cqe->flags & IORING_CQE_F_MORE) != 0;
    if (!more) conn->recv_armed = false;
    if (cqe->res > 0)
        on_bytes(loop, conn, cqe);
    else if (cqe->res == 0)
        on_last_byte(conn);
    else if (cqe->res != -ENOBUFS)
        lk_conn_drop(conn);
    if (!more && !conn->ended && conn->state != LK_CONN_GONE) arm_recv(loop, conn);
}

static void send_first(struct lk_loop *loop, struct lk_conn *conn)
{
    struct lk_out *out = conn->out_first;
    struct io_uring_sqe *sqe = next_sqe(loop);
    io_uring_prep_send(sqe, conn->fd, out->data + out->sent, out->len - out->sent,
                       MSG_NOSIGNAL | MSG_WAITALL);
    io_uring_sqe_set_data64(sqe, name_of(K_SEND, conn->generation, conn->index));
    conn->sending = true;
    conn->sending_since_ns = loop->peers.now_ns;
}

static void on_sent(struct lk_loop *loop, const struct io_uring_cqe *cqe)
{
    struct lk_conn *conn = conn_named(loop, cqe->user_data);
    conn->sending = false;
    if (cqe->res < 0) {
        lk_conn_drop(conn);
        return;
    }
    lk_count(loop->peers.counters, LK_C_BYTES_OUT, (uint64_t)cqe->res);
    if (conn->state == LK_CONN_GONE) return;
    conn->out_first->sent += (uint32_t)cqe->res;
    if (conn->out_first->sent == conn->out_first->len) lk_conn_sent(conn);
    lk_conn_touch(conn);
}

/* The last byte is out: end our side, and wait a moment for the peer to end its own, or what it has
 * sent and we have not read would make the kernel throw our answer away. */
static void part_with(struct lk_conn *conn)
{
    if (conn->ended) {
        lk_conn_drop(conn);
    } else if (!conn->shut) {
        shutdown(conn->fd, SHUT_WR);
        conn->shut = true;
        lk_conn_due(conn, conn->peers->now_ns + LINGER_MS * LK_NS_PER_MS);
    }
}

static void send_stream(struct lk_loop *loop, struct lk_conn *conn)
{
    bool there = conn->state != LK_CONN_FREE && conn->state != LK_CONN_GONE;
    if (!there || conn->transport->datagrams || conn->sending) return;
    if (conn->out_first != NULL)
        send_first(loop, conn);
    else if (conn->said_bye)
        part_with(conn);
}

/* --- datagrams ------------------------------------------------------------------------------ */

static uint16_t read_control(struct io_uring_recvmsg_out *got, struct msghdr *shape,
                             struct lk_address *from)
{
    int segment = 0;
    struct cmsghdr *c = io_uring_recvmsg_cmsg_firsthdr(got, shape);
    for (; c != NULL; c = io_uring_recvmsg_cmsg_nexthdr(got, shape, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            from->local_family = AF_INET;
            memcpy(&from->local, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            from->local_family = AF_INET6;
            from->local = info.ipi6_addr;
            from->local_ifindex = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
        }
    }
    return (uint16_t)segment;
}

static void on_datagrams(struct lk_loop *loop, uint32_t row, uint8_t *buffer, int len)
{
    struct msghdr *shape = &loop->datagram_shape;
    struct io_uring_recvmsg_out *got = io_uring_recvmsg_validate(buffer, len, shape);
    if (got == NULL || (got->flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return;
    struct lk_address from = {0};
    memcpy(&from.peer, io_uring_recvmsg_name(got),
           got->namelen < sizeof from.peer ? got->namelen : sizeof from.peer);
    size_t segment = read_control(got, shape, &from);
    const uint8_t *at = io_uring_recvmsg_payload(got, shape);
    size_t left = io_uring_recvmsg_payload_length(got, len, shape);
    lk_count(loop->peers.counters, LK_C_BYTES_IN, left);
    do {
        size_t n = segment > 0 && segment < left ? segment : left;
        loop->transport[row]->heard(&loop->peers, loop->conf.listener[row].fd, &from,
                                    lk_bytes_of(at, n));
        at += n;
        left -= n;
    } while (left > 0);
}

static void on_datagram(struct lk_loop *loop, uint32_t row, const struct io_uring_cqe *cqe)
{
    if ((cqe->flags & IORING_CQE_F_BUFFER) != 0) {
        uint16_t id = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        if (cqe->res > 0)
            on_datagrams(loop, row, lk_buf_ring_at(&loop->datagram_bufs, id), cqe->res);
        lk_buf_ring_give(&loop->datagram_bufs, id);
    }
    if ((cqe->flags & IORING_CQE_F_MORE) != 0) return;
    loop->listening[row] = false;
    /* An error of the socket waits for the tick, or it could keep the loop turning for nothing. */
    if (cqe->res >= 0 || cqe->res == -ENOBUFS) arm_listener(loop, row);
}

static void add_control(struct lk_out *out, int level, int type, const void *data, size_t len)
{
    struct cmsghdr *c = (struct cmsghdr *)(void *)(out->control + out->message.msg_controllen);
    out->message.msg_control = out->control;
    out->message.msg_controllen += CMSG_SPACE(len);
    *c = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
    memcpy(CMSG_DATA(c), data, len);
}

static void address_control(struct lk_out *out)
{
    if (out->to.local_family == AF_INET) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, &out->to.local, sizeof info.ipi_spec_dst);
        add_control(out, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else if (out->to.local_family == AF_INET6) {
        struct in6_pktinfo info = {.ipi6_addr = out->to.local,
                                   .ipi6_ifindex = out->to.local_ifindex};
        add_control(out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    if (out->segment > 0 && out->segment < out->len)
        add_control(out, SOL_UDP, UDP_SEGMENT, &out->segment, sizeof out->segment);
}

static void send_datagram(struct lk_loop *loop, struct lk_out *out)
{
    out->vec = (struct iovec){.iov_base = out->data, .iov_len = out->len};
    out->message = (struct msghdr){.msg_name = &out->to.peer,
                                   .msg_namelen = lk_address_bytes(&out->to),
                                   .msg_iov = &out->vec,
                                   .msg_iovlen = 1};
    address_control(out);
    struct io_uring_sqe *sqe = next_sqe(loop);
    io_uring_prep_sendmsg(sqe, out->fd, &out->message, MSG_NOSIGNAL);
    io_uring_sqe_set_data64(sqe,
                            name_of(K_DATAGRAM_SENT, 0, (uint32_t)(out - loop->peers.outs.base)));
}

static void on_datagram_sent(struct lk_loop *loop, const struct io_uring_cqe *cqe)
{
    if (cqe->res > 0) lk_count(loop->peers.counters, LK_C_BYTES_OUT, (uint64_t)cqe->res);
    lk_out_release_wiped(&loop->peers.outs, &loop->peers.outs.base[(uint32_t)cqe->user_data]);
}

/* --- the two ends of a turn ------------------------------------------------------------------ */

static void dispatch(struct lk_loop *loop, const struct io_uring_cqe *cqe)
{
    uint32_t index = (uint32_t)cqe->user_data;
    bool more = (cqe->flags & IORING_CQE_F_MORE) != 0;
    switch ((enum kind)(cqe->user_data >> 56)) {
    case K_ACCEPT: on_accept(loop, index, cqe); break;
    case K_RECV: on_recv(loop, cqe); break;
    case K_SEND: on_sent(loop, cqe); break;
    case K_DATAGRAM: on_datagram(loop, index, cqe); break;
    case K_DATAGRAM_SENT: on_datagram_sent(loop, cqe); break;
    case K_BELL:
        lk_count(loop->peers.counters, LK_C_WAKES, 1);
        if (!more) arm_poll(loop, loop->conf.bell_fd, K_BELL);
        break;
    case K_ORDER:
        if (!more) arm_poll(loop, loop->order_fd, K_ORDER);
        break;
    case K_CANCEL: break;
    }
}

void lk_loop_reap(struct lk_loop *loop)
{
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    io_uring_for_each_cqe(&loop->uring, head, cqe)
    {
        dispatch(loop, cqe);
        count++;
    }
    io_uring_cq_advance(&loop->uring, count);
}

static void release_gone(struct lk_loop *loop)
{
    struct lk_peers *peers = &loop->peers;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < peers->gone_count; i++) {
        struct lk_conn *conn = &peers->conn[peers->gone[i]];
        bool stream = !conn->transport->datagrams;
        if (conn->recv_armed || conn->sending) {
            shutdown(conn->fd, SHUT_RDWR); /* ends what the kernel still does with it */
            peers->gone[kept++] = conn->index;
            continue;
        }
        if (stream && conn->fd >= 0) close(conn->fd);
        lk_conn_release(conn);
    }
    peers->gone_count = kept;
}

void lk_loop_send(struct lk_loop *loop)
{
    struct lk_peers *peers = &loop->peers;
    for (uint32_t i = 0; i < peers->touched_count; i++)
        send_stream(loop, &peers->conn[peers->touched[i]]);
    peers->touched_count = 0;
    for (struct lk_out *out = peers->datagrams_first; out != NULL; out = out->next)
        send_datagram(loop, out);
    peers->datagrams_first = peers->datagrams_last = NULL;
    release_gone(loop);
    lk_buf_ring_publish(&loop->stream_bufs);
    if (loop->datagram_bufs.ring != NULL) lk_buf_ring_publish(&loop->datagram_bufs);
}

void lk_loop_close_conns(struct lk_loop *loop)
{
    struct lk_peers *peers = &loop->peers;
    for (uint32_t i = 0; i < peers->conn_max; i++) {
        struct lk_conn *conn = &peers->conn[i];
        if (conn->state == LK_CONN_FREE) continue;
        conn->recv_armed = conn->sending = false;
        lk_conn_drop(conn);
    }
    release_gone(loop);
    stop_transports(loop, loop->conf.listener_count);
}
