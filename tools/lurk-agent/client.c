#include "tools/lurk-agent/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "crypto/ct.h"

#define ACCEPTS_PER_TURN 64
#define SEND_BUFFER_BYTES (1 << 20) /* the kernel's net.core.wmem_max may lower it */
#define PACKET_ROOM (LK_PACKET_BYTES_MAX + 1)

/* --- packets out ---------------------------------------------------------------------------- */

static int on_send(void *owner, uint32_t client, struct lk_bytes head, struct lk_bytes body)
{
    const struct lk_clients *c = owner;
    struct iovec part[2] = {{(void *)(uintptr_t)head.data, head.len},
                            {(void *)(uintptr_t)body.data, body.len}};
    const struct msghdr message = {.msg_iov = part, .msg_iovlen = body.len > 0 ? 2 : 1};
    ssize_t n;
    do
        n = sendmsg(c->socket[client].fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0) return 0;
    return errno == EWOULDBLOCK || errno == ENOBUFS ? -EAGAIN : -errno;
}

static void on_watch(void *owner, uint32_t client, bool output)
{
    struct lk_clients *c = owner;
    lk_watch_change(c->watches, c->socket[client].watch, EPOLLIN | (output ? EPOLLOUT : 0u));
}

static void on_close(void *owner, uint32_t client)
{
    struct lk_clients *c = owner;
    lk_watch_drop(c->watches, c->socket[client].watch);
    close(c->socket[client].fd);
    c->socket[client].fd = -1;
}

const struct lk_desk_io lk_clients_io = {on_send, on_watch, on_close};

/* --- packets in ----------------------------------------------------------------------------- */

static void client_gone(struct lk_clients *c, uint32_t client)
{
    lk_desk_gone(c->desk, client);
    on_close(c, client);
}

/* Descriptors that came with a packet are nobody's: kept, they would fill our table. The room for
 * the stamp is the kernel's for them where there is no stamp. */
static void rights_close(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, (uint8_t *)c + at, sizeof fd);
            close(fd);
        }
    }
}

/* When the client sent the packet. The kernel stamps what it puts into our socket, by the wall
 * clock; what has passed since then is taken from now. A clock that was set back meanwhile, or a
 * packet that was there before its socket was let in, gives now. One that was set forward makes
 * what lay in the socket at that moment as much older: it may be answered timeout (2) though it is
 * fresh, as of a slow agent. What comes later is not affected. */
static uint64_t sent_at_ns(struct msghdr *message, uint64_t now_ns)
{
    struct timespec stamp;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
        memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
        int64_t age_ns = lk_clock_unix_ns() -
                         ((int64_t)stamp.tv_sec * (int64_t)LK_NS_PER_S + stamp.tv_nsec);
        if (age_ns > 0 && (uint64_t)age_ns <= now_ns) return now_ns - (uint64_t)age_ns;
    }
    return now_ns;
}

/* One packet. False: there was none, or the client is closed. A request holds secrets: it is wiped
 * once the desk has its copy. */
static bool read_packet(struct lk_clients *c, uint32_t client, uint64_t now_ns)
{
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec part = {c->packet, PACKET_ROOM};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(c->socket[client].fd, &message,
                        MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    if (n >= 0) rights_close(&message);
    if (n <= 0) {
        client_gone(c, client);
        return false;
    }
    size_t len = (size_t)n < PACKET_ROOM ? (size_t)n : PACKET_ROOM;
    bool open = lk_desk_packet(c->desk, client, lk_bytes_of(c->packet, len),
                               sent_at_ns(&message, now_ns), now_ns);
    lk_wipe(c->packet, len);
    return open;
}

static void on_client(void *owner, uint32_t client, uint32_t events, uint64_t now_ns)
{
    struct lk_clients *c = owner;
    if ((events & EPOLLOUT) != 0) lk_desk_writable(c->desk, client, now_ns);
    if (c->socket[client].fd < 0 || (events & ~(uint32_t)EPOLLOUT) == 0) return;
    for (int i = 0; i < LK_AGENT_PACKETS_PER_TURN; i++)
        if (!read_packet(c, client, now_ns)) return;
}

void lk_clients_read_all(struct lk_clients *c, uint64_t now_ns)
{
    for (uint32_t i = 0; i < c->room; i++)
        if (c->socket[i].fd >= 0) on_client(c, i, EPOLLIN, now_ns);
}

/* --- the door ------------------------------------------------------------------------------- */

static void let_in(struct lk_clients *c, int fd, uint64_t now_ns)
{
    int bytes = SEND_BUFFER_BYTES, stamps = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &stamps, sizeof stamps);
    uint32_t client = lk_desk_open(c->desk, lk_door_allows(c->door, fd), now_ns);
    if (client == LK_CLIENT_NONE) {
        close(fd);
        return;
    }
    c->socket[client].fd = fd;
    c->socket[client].watch = lk_watch_add(c->watches, fd, EPOLLIN, on_client, c, client);
    if (c->socket[client].watch != LK_WATCH_NONE) return;
    lk_desk_gone(c->desk, client);
    close(fd);
    c->socket[client].fd = -1;
}

/* No descriptor is left: the client would wait for ever, and we would be woken for ever. */
static void turn_away(struct lk_clients *c, int listen_fd)
{
    lk_log(LK_LOG_ERROR, "no descriptor is left for a client",
           LK_F_STR("what_to_do", "raise LimitNOFILE above limits.clients, or lower that"));
    close(c->spare_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    c->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_door(void *owner, uint32_t index, uint32_t events, uint64_t now_ns)
{
    struct lk_clients *c = owner;
    int listen_fd = c->door->socket[index].fd;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            let_in(c, fd, now_ns);
        } else if (errno == EMFILE || errno == ENFILE) {
            turn_away(c, listen_fd);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

lk_err lk_clients_init(struct lk_clients *c, uint32_t room, struct lk_desk *desk,
                       const struct lk_door *door, struct lk_watches *watches)
{
    *c = (struct lk_clients){.desk = desk,
                             .door = door,
                             .watches = watches,
                             .room = room,
                             .socket = calloc(room, sizeof *c->socket),
                             .packet = malloc(PACKET_ROOM),
                             .spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC)};
    LK_REQUIRE(c->socket != NULL && c->packet != NULL, LK_ERR_MEMORY);
    for (uint32_t i = 0; i < room; i++)
        c->socket[i].fd = -1;
    return LK_OK;
}

void lk_clients_fini(struct lk_clients *c)
{
    lk_clients_shut(c);
    for (uint32_t i = 0; i < c->room; i++)
        if (c->socket[i].fd >= 0) client_gone(c, i);
    if (c->spare_fd >= 0) close(c->spare_fd);
    free(c->socket);
    free(c->packet);
}

lk_err lk_clients_let_in(struct lk_clients *c)
{
    for (unsigned i = 0; i < c->door->count; i++)
        c->door_watch[i] = lk_watch_add(c->watches, c->door->socket[i].fd, EPOLLIN, on_door, c, i);
    c->lets_in = true;
    for (unsigned i = 0; i < c->door->count; i++)
        LK_REQUIRE(c->door_watch[i] != LK_WATCH_NONE, LK_ERR_FULL);
    return LK_OK;
}

void lk_clients_shut(struct lk_clients *c)
{
    for (unsigned i = 0; i < c->door->count && c->lets_in; i++)
        lk_watch_drop(c->watches, c->door_watch[i]);
    c->lets_in = false;
}

void lk_clients_judge(struct lk_clients *c)
{
    for (uint32_t i = 0; i < c->room; i++)
        if (c->socket[i].fd >= 0 && !lk_door_allows(c->door, c->socket[i].fd))
            lk_desk_forbid(c->desk, i);
}
