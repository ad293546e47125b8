#include "io/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(LK_CHANNEL_FDS_MAX * sizeof(int))];
};

static lk_err errno_to_err(void)
{
    return errno == EPIPE || errno == ECONNRESET ? LK_ERR_CLOSED : -errno;
}

static void attach_fds(struct msghdr *msg, union control *control, const struct lk_message *m)
{
    if (m->fd_count == 0) return;
    size_t bytes = (size_t)m->fd_count * sizeof(int);
    memset(control, 0, sizeof *control);
    msg->msg_control = control->room;
    msg->msg_controllen = CMSG_SPACE(bytes);
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(c), m->fd, bytes);
}

lk_err lk_channel_send(int fd, const struct lk_message *message)
{
    LK_ASSERT(message->bytes <= LK_CHANNEL_BYTES_MAX);
    LK_ASSERT(message->fd_count >= 0 && message->fd_count <= LK_CHANNEL_FDS_MAX);
    uint32_t kind = message->kind;
    struct iovec iov[2] = {{&kind, sizeof kind},
                           {(void *)(uintptr_t)message->body, message->bytes}};
    union control control;
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
    attach_fds(&msg, &control, message);
    ssize_t n;
    do
        n = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno_to_err() : LK_OK;
}

lk_err lk_channel_tell(int channel, uint32_t kind, const void *body, size_t bytes, int fd)
{
    LK_ASSERT(bytes <= LK_CHANNEL_BYTES_MAX);
    struct lk_message m; /* not cleared: only what is said is sent */
    m.kind = kind;
    m.bytes = (uint32_t)bytes;
    m.fd_count = fd >= 0 ? 1 : 0;
    m.fd[0] = fd;
    if (bytes > 0) memcpy(m.body, body, bytes);
    return lk_channel_send(channel, &m);
}

static void take_fds(struct msghdr *msg, struct lk_message *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (count > LK_CHANNEL_FDS_MAX)
            count = LK_CHANNEL_FDS_MAX; /* the control buffer is that size */
        memcpy(m->fd, CMSG_DATA(c), count * sizeof(int));
        m->fd_count = (int)count;
    }
}

void lk_message_close(struct lk_message *message)
{
    for (int i = 0; i < message->fd_count; i++)
        if (message->fd[i] >= 0) close(message->fd[i]);
    message->fd_count = 0;
}

int lk_message_take_fd(struct lk_message *message, int i)
{
    if (i >= message->fd_count) return -1;
    int fd = message->fd[i];
    message->fd[i] = -1;
    return fd;
}

lk_err lk_channel_receive(int fd, struct lk_message *message)
{
    union control control;
    struct iovec iov[2] = {{&message->kind, sizeof message->kind},
                           {message->body, sizeof message->body}};
    struct msghdr msg = {.msg_iov = iov,
                         .msg_iovlen = 2,
                         .msg_control = control.room,
                         .msg_controllen = sizeof control.room};
    message->fd_count = 0;
    message->bytes = 0;
    ssize_t n;
    /* ECONNRESET, once, of a peer that went without reading all: what it had said is there yet. */
    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0) return errno_to_err();
    take_fds(&msg, message);
    if (n == 0) {
        lk_message_close(message);
        return LK_ERR_CLOSED;
    }
    if ((size_t)n < sizeof message->kind || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        lk_message_close(message);
        return LK_ERR_FORMAT;
    }
    message->bytes = (uint32_t)((size_t)n - sizeof message->kind);
    return LK_OK;
}

static lk_err write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        data += n;
        len -= (size_t)n;
    }
    return LK_OK;
}

lk_err lk_blob_make(const void *data, size_t len, int *fd)
{
    int made = memfd_create("lurk-blob", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0) return -errno;
    lk_err err = write_all(made, data, len);
    if (err == LK_OK &&
        fcntl(made, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        err = -errno;
    if (err != LK_OK) {
        close(made);
        return err;
    }
    *fd = made;
    return LK_OK;
}

lk_err lk_blob_read_into(int fd, uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = pread(fd, data + at, len - at, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) return LK_ERR_FORMAT; /* it shrank under us */
        at += (size_t)n;
    }
    return LK_OK;
}

lk_err lk_blob_size(int fd, size_t limit, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return -errno;
    LK_REQUIRE(S_ISREG(st.st_mode), LK_ERR_FORMAT);
    LK_REQUIRE((uint64_t)st.st_size <= limit, LK_ERR_FULL);
    *len = (size_t)st.st_size;
    return LK_OK;
}

lk_err lk_blob_read(int fd, size_t limit, uint8_t **data, size_t *len)
{
    size_t bytes;
    LK_TRY(lk_blob_size(fd, limit, &bytes));
    uint8_t *copy = malloc(bytes + 1); /* a text parser may want the byte behind */
    if (copy == NULL) return LK_ERR_MEMORY;
    lk_err err = lk_blob_read_into(fd, copy, bytes);
    if (err != LK_OK) {
        free(copy);
        return err;
    }
    copy[bytes] = 0;
    *data = copy;
    *len = bytes;
    return LK_OK;
}
