/* agent: the way to lurk-agent: a Unix socket of packets, "/path" or "@abstract". */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/liblurk/framing.h"
#include "tools/liblurk/transport.h"

#define RETRY_NS UINT64_C(2000000) /* while the agent's queue of connections is full */

static bool address_of(const char *host, struct sockaddr_un *address, socklen_t *len)
{
    size_t name = strlen(host);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (name < 2 || name >= sizeof address->sun_path) return false;
    memcpy(address->sun_path, host, name);
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name);
    if (host[0] == '@')
        address->sun_path[0] = 0;
    else
        (*len)++; /* a path ends with its zero */
    return true;
}

/* Out of the way, or where it was. */
static int fd_move(int fd, int least)
{
    int moved = least > 0 ? fcntl(fd, F_DUPFD_CLOEXEC, least) : -1;
    if (moved < 0) return fd;
    close(fd);
    return moved;
}

/* Connects at once or not at all; a full queue asks for another try. */
static int agent_dial(struct lurk_transport *t, uint64_t now_ns)
{
    struct sockaddr_un address;
    socklen_t len;
    if (!address_of(t->host, &address, &len))
        return lk_transport_fault(t, LURK_ERR_SYSTEM, "connect", "no name of a socket");
    t->timer_ns = now_ns; /* once it is connected no descriptor tells, so the next turn is now */
    t->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0) return lk_transport_fault(t, LURK_ERR_SYSTEM, "socket for", strerror(errno));
    t->fd = fd_move(t->fd, t->fd_min);
    if (connect(t->fd, (const struct sockaddr *)&address, len) == 0) return LURK_OK;
    int why = errno;
    close(t->fd);
    t->fd = -1;
    if (why != EAGAIN) return lk_transport_fault(t, LURK_ERR_SYSTEM, "connect", strerror(why));
    t->timer_ns = now_ns + RETRY_NS;
    return LURK_OK;
}

static int agent_shake(struct lurk_transport *t, uint64_t now_ns)
{
    if (t->fd < 0 && now_ns >= t->timer_ns) {
        int fault = agent_dial(t, now_ns);
        if (fault < 0) return fault;
    }
    if (t->fd >= 0) t->timer_ns = LURK_NEVER;
    return t->fd >= 0;
}

static int agent_send(struct lurk_transport *t, uint64_t now_ns)
{
    t->want_write = false;
    for (;;) {
        struct lurk_bytes out = lurk_client_output(t->client, now_ns);
        if (out.len == 0) return LURK_OK;
        ssize_t n = send(t->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        t->want_write = n < 0 && errno == EAGAIN;
        if (t->want_write) return LURK_OK;
        if (n < 0) return lk_transport_fault(t, LURK_ERR_CLOSED, "send to", strerror(errno));
        lurk_client_sent(t->client, out.len);
    }
}

static int agent_receive(struct lurk_transport *t, uint64_t now_ns)
{
    for (;;) {
        size_t room;
        uint8_t *to = lk_client_room(t->client, &room);
        t->held = to == NULL;
        if (t->held) return LURK_OK;
        ssize_t n = recv(t->fd, to, room, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return LURK_OK;
        if (n < 0) return lk_transport_fault(t, LURK_ERR_CLOSED, "receive from", strerror(errno));
        if (n == 0) return lk_transport_fault(t, LURK_ERR_CLOSED, "receive from", "it closed");
        if ((size_t)n > room)
            return lk_transport_fault(t, LURK_ERR_ANSWER, "receive from", "a packet too long");
        lk_client_filled(t->client, (size_t)n, now_ns);
    }
}

static void agent_shut(struct lurk_transport *t, bool polite)
{
    (void)t, (void)polite;
}

const struct lk_transport_row lk_transport_agent = {.name = "agent",
                                                    .framing = LURK_PACKET,
                                                    .message_bytes_max = LURK_MESSAGE_BYTES_MAX,
                                                    .returns = true,
                                                    .dial = agent_dial,
                                                    .shake = agent_shake,
                                                    .send = agent_send,
                                                    .receive = agent_receive,
                                                    .shut = agent_shut};
