#include "tools/lurk-agent/succession.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/log.h"

#define LINE_BYTES (LK_SOCKET_PATH_BYTES + 16)
#define WAIT_S 5

static const char prefix[] = "socket ";

/* --- packets with a descriptor -------------------------------------------------------------- */

static bool send_line(int to, const char *text, int fd)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.space = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

/* Text of at most LINE_BYTES - 1 bytes, and the descriptor beside it or -1. False: the end. */
static bool receive_line(int from, char text[LINE_BYTES], int *fd)
{
    struct iovec part = {.iov_base = text, .iov_len = LINE_BYTES - 1};
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.space = {0}};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    *fd = -1;
    ssize_t n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (n <= 0) return false;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(head), sizeof *fd);
    text[n] = '\0';
    return (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
}

static bool is_us_or_root(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* --- the running agent ---------------------------------------------------------------------- */

static void drop_heir(struct lk_succession *s)
{
    if (s->heir_fd < 0) return;
    lk_watch_drop(s->watches, s->heir_watch);
    close(s->heir_fd);
    s->heir_fd = -1;
}

static bool send_socket(int to, const char *name, int fd)
{
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%s%s", prefix, name);
    return send_line(to, line, fd);
}

static bool hand_over(const struct lk_succession *s)
{
    for (unsigned i = 0; i < s->door->count; i++)
        if (!send_socket(s->heir_fd, s->door->socket[i].path, s->door->socket[i].fd)) return false;
    if (s->admin_fd >= 0 && !send_socket(s->heir_fd, LK_SUCCESSION_ADMIN, s->admin_fd))
        return false;
    return send_socket(s->heir_fd, LK_SUCCESSION_CONTROL, s->listen_fd) &&
           send_line(s->heir_fd, "end", -1);
}

static void on_heir(void *owner, uint32_t index, uint32_t events, uint64_t now_ns)
{
    struct lk_succession *s = owner;
    char line[LINE_BYTES];
    int fd;
    (void)index, (void)events;
    bool good = receive_line(s->heir_fd, line, &fd);
    if (fd >= 0) close(fd); /* nobody has to send us one */
    if (good && strcmp(line, "take") == 0) {
        if (!hand_over(s)) drop_heir(s);
        return;
    }
    bool go = good && strcmp(line, "go") == 0;
    drop_heir(s);
    if (go) s->go(s->owner, now_ns);
}

static void on_listen(void *owner, uint32_t index, uint32_t events, uint64_t now_ns)
{
    struct lk_succession *s = owner;
    (void)index, (void)events, (void)now_ns;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (!is_us_or_root(fd)) {
        close(fd);
        return;
    }
    drop_heir(s); /* one that hangs does not bar the next */
    s->heir_fd = fd;
    s->heir_watch = lk_watch_add(s->watches, fd, EPOLLIN, on_heir, s, 0);
    if (s->heir_watch != LK_WATCH_NONE) return;
    close(fd);
    s->heir_fd = -1;
}

lk_err lk_succession_open(struct lk_succession *s, int listen_fd, const struct lk_door *door,
                          int admin_fd, struct lk_watches *watches,
                          void (*go)(void *owner, uint64_t now_ns), void *owner)
{
    *s = (struct lk_succession){.listen_fd = listen_fd,
                                .heir_fd = -1,
                                .watches = watches,
                                .door = door,
                                .admin_fd = admin_fd,
                                .go = go,
                                .owner = owner};
    s->listen_watch = lk_watch_add(watches, listen_fd, EPOLLIN, on_listen, s, 0);
    return s->listen_watch != LK_WATCH_NONE ? LK_OK : LK_ERR_FULL;
}

void lk_succession_close(struct lk_succession *s)
{
    drop_heir(s);
    if (s->listen_fd < 0) return;
    lk_watch_drop(s->watches, s->listen_watch);
    close(s->listen_fd);
    s->listen_fd = -1;
}

/* --- the new one ---------------------------------------------------------------------------- */

static bool receive_sockets(int from, struct lk_adopted *adopted)
{
    char line[LINE_BYTES];
    int fd;
    while (receive_line(from, line, &fd)) {
        if (strcmp(line, "end") == 0) return true;
        bool good = fd >= 0 && strncmp(line, prefix, sizeof prefix - 1) == 0 &&
                    strlen(line + sizeof prefix - 1) < LK_SOCKET_PATH_BYTES &&
                    adopted->count < sizeof adopted->fd / sizeof adopted->fd[0];
        if (!good) {
            if (fd >= 0) close(fd);
            return false;
        }
        adopted->fd[adopted->count] = fd;
        const char *name = line + sizeof prefix - 1;
        memcpy(adopted->name[adopted->count++], name, strlen(name) + 1);
    }
    if (fd >= 0) close(fd);
    return false;
}

lk_err lk_succession_take(const char *path, struct lk_adopted *adopted, int *fd, char *error,
                          size_t error_bytes)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = WAIT_S};
    LK_ASSERT(strlen(path) < sizeof to.sun_path);
    memcpy(to.sun_path, path, strlen(path));
    int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (s >= 0) setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
        snprintf(error, error_bytes, "%s: %s; does an agent run, with this control_socket?", path,
                 strerror(errno));
    } else if (!is_us_or_root(s)) {
        snprintf(error, error_bytes, "%s: is served by another user", path);
    } else if (!send_line(s, "take", -1) || !receive_sockets(s, adopted)) {
        snprintf(error, error_bytes, "%s: the running agent does not hand over its sockets", path);
    } else {
        *fd = s;
        return LK_OK;
    }
    if (s >= 0) close(s);
    lk_adopted_close(adopted);
    return LK_ERR_REFUSED;
}

void lk_succession_go(int fd)
{
    (void)send_line(fd, "go", -1);
    close(fd);
}
