#include "io/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t parse_address(const char *text, uint16_t port, union address *a)
{
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        return sizeof a->v4;
    }
    if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        return sizeof a->v6;
    }
    return 0;
}

/* stream: TCP. share: SO_REUSEPORT; without it the bind fails when anybody else has the port. */
struct wish {
    const struct lk_conf_listen *row;
    bool stream, share;
};

static int set_options(int fd, int family, const struct wish *w)
{
    const int on = 1, v6only = !w->row->dual_stack;
    int bad = 0;
    if (w->stream) bad |= setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (w->share) bad |= setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (family == AF_INET6)
        bad |= setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
    if (w->row->free_bind && family == AF_INET6)
        bad |= setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    if (w->row->free_bind && family == AF_INET)
        bad |= setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    return bad;
}

static lk_err open_one(const struct wish *w, int *out)
{
    union address a;
    socklen_t len = parse_address(w->row->address, w->row->port, &a);
    LK_REQUIRE(len != 0, LK_ERR_FORMAT);
    int type = (w->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int fd = socket(a.any.sa_family, type, 0);
    if (fd < 0) return -errno;
    if (set_options(fd, a.any.sa_family, w) != 0 || bind(fd, &a.any, len) != 0 ||
        (w->stream && w->share && listen(fd, BACKLOG) != 0)) {
        lk_err err = -errno;
        close(fd);
        return err;
    }
    *out = fd;
    return LK_OK;
}

static bool is_stream(uint32_t transport)
{
    return transport == LK_TRANSPORT_TLS || transport == LK_TRANSPORT_TCP;
}

/* SO_REUSEPORT alone would quietly share the port with an older lurkd of the same user. */
lk_err lk_listener_try(const struct lk_conf_listen *row)
{
    const struct wish alone = {.row = row, .stream = is_stream(row->transport), .share = false};
    int fd;
    LK_TRY(open_one(&alone, &fd));
    close(fd);
    return LK_OK;
}

static lk_err open_row(struct lk_listeners *l, const struct lk_conf_listen *row, uint32_t r)
{
    LK_TRY(lk_listener_try(row));
    const struct wish shared = {.row = row, .stream = is_stream(row->transport), .share = true};
    for (uint32_t i = 0; i < l->loops; i++)
        LK_TRY(open_one(&shared, &l->fd[r * l->loops + i]));
    return LK_OK;
}

static const char *what_to_do(lk_err err)
{
    switch (err) {
    case -EADDRINUSE: return "; another program serves this port (ss -lntup shows which)";
    case -EADDRNOTAVAIL:
        return "; no interface has this address: correct it, or set free_bind: true";
    case -EACCES: return "; a port below 1024 needs root or CAP_NET_BIND_SERVICE";
    default: return "";
    }
}

static lk_err open_rows(const struct lk_conf *conf, struct lk_listeners *l, char *error,
                        size_t error_bytes)
{
    for (uint32_t r = 0; r < l->rows; r++) {
        const struct lk_conf_listen *row = &conf->listens[r];
        l->transport[r] = row->transport;
        lk_err err = open_row(l, row, r);
        if (err != LK_OK) {
            snprintf(error, error_bytes, "%u: listen: %s port %u: %s%s", row->line, row->address,
                     row->port, lk_err_text(err), what_to_do(err));
            return err;
        }
    }
    return LK_OK;
}

static lk_err open_admin(const struct lk_conf *conf, struct lk_listeners *l, char *error,
                         size_t error_bytes)
{
    struct lk_conf_listen row = {.port = conf->admin_port, .transport = LK_TRANSPORT_TCP};
    memcpy(row.address, conf->admin_address, sizeof row.address);
    struct wish w = {.row = &row, .stream = true, .share = false};
    lk_err err = open_one(&w, &l->admin);
    if (err == LK_OK && listen(l->admin, 64) != 0) err = -errno;
    if (err != LK_OK)
        snprintf(error, error_bytes, "server.admin_port: %s port %u: %s%s", row.address, row.port,
                 lk_err_text(err), what_to_do(err));
    return err;
}

lk_err lk_listeners_open(const struct lk_conf *conf, uint32_t loops, struct lk_listeners *out,
                         char *error, size_t error_bytes)
{
    struct lk_listeners l = {.loops = loops, .rows = conf->listen_count, .admin = -1};
    size_t count = (size_t)l.rows * loops;
    l.fd = malloc(count * sizeof *l.fd + 1);
    l.transport = calloc(l.rows + 1, sizeof *l.transport);
    if (l.fd == NULL || l.transport == NULL) {
        free(l.fd);
        free(l.transport);
        return LK_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        l.fd[i] = -1;
    lk_err err = open_rows(conf, &l, error, error_bytes);
    if (err == LK_OK && conf->admin_port != 0) err = open_admin(conf, &l, error, error_bytes);
    if (err != LK_OK) {
        lk_listeners_close(&l);
        return err;
    }
    *out = l;
    return LK_OK;
}

void lk_listeners_close(struct lk_listeners *l)
{
    for (size_t i = 0; l->fd != NULL && i < (size_t)l->rows * l->loops; i++)
        if (l->fd[i] >= 0) close(l->fd[i]);
    if (l->admin >= 0) close(l->admin);
    free(l->fd);
    free(l->transport);
    *l = (struct lk_listeners){.admin = -1};
}
