#include "io/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"

#define PATIENCE_NS (5 * LK_NS_PER_S)
#define LATE_PATIENCE_NS (120 * LK_NS_PER_S) /* a reload of very many keys */

json_t *lk_control_good(void)
{
    return json_pack("{s:b}", "ok", 1);
}

json_t *lk_control_bad(const char *text)
{
    json_t *reply = json_pack("{s:b}", "ok", 0);
    /* A text from a configuration file may be anything; what is not UTF-8 is not passed on. */
    json_t *error = json_string(text);
    json_object_set_new(reply, "error",
                        error != NULL ? error : json_string("an error that is not UTF-8"));
    return reply;
}

/* --- the socket
 * ------------------------------------------------------------------------------------ */

static bool is_served(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0) close(fd);
    return served;
}

static lk_err bind_and_listen(int fd, const struct sockaddr_un *a)
{
    struct stat st;
    if (lstat(a->sun_path, &st) == 0) {
        LK_REQUIRE(S_ISSOCK(st.st_mode), -EEXIST);
        LK_REQUIRE(!is_served(a), -EADDRINUSE);
        if (unlink(a->sun_path) != 0) return -errno;
    }
    mode_t before = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)a, sizeof *a);
    lk_err err = bound == 0 ? LK_OK : -errno;
    umask(before);
    if (err == LK_OK && listen(fd, LK_CONTROL_CLIENTS_MAX) != 0) err = -errno;
    return err;
}

lk_err lk_control_open(struct lk_control *c, const char *path, char *error, size_t error_bytes)
{
    *c = (struct lk_control){.fd = -1};
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++)
        c->client[i].fd = -1;
    if (path[0] == 0) return LK_OK;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    lk_err err = strlen(path) < sizeof a.sun_path ? LK_OK : -ENAMETOOLONG;
    int fd = -1;
    if (err == LK_OK) {
        memcpy(a.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        err = fd < 0 ? -errno : bind_and_listen(fd, &a);
    }
    if (err != LK_OK) {
        const char *hint = err == -EADDRINUSE ? "; another lurkd serves it"
                           : err == -ENOENT   ? "; its directory has to be there"
                                              : "";
        snprintf(error, error_bytes, "server.control_socket: %s: %s%s", path, lk_err_text(err),
                 hint);
        if (fd >= 0) close(fd);
        return err;
    }
    c->fd = fd;
    memcpy(c->path, a.sun_path, sizeof c->path);
    return LK_OK;
}

static void drop(struct lk_control_client *client)
{
    if (client->fd >= 0) close(client->fd);
    free(client->out);
    *client = (struct lk_control_client){.fd = -1};
}

void lk_control_close(struct lk_control *c)
{
    if (c->fd < 0) return;
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++)
        drop(&c->client[i]);
    close(c->fd);
    unlink(c->path);
    c->fd = -1;
}

unsigned lk_control_poll(const struct lk_control *c, struct pollfd *to)
{
    unsigned n = 0;
    if (c->fd < 0) return 0;
    to[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++) {
        const struct lk_control_client *client = &c->client[i];
        if (client->fd < 0) continue;
        short events = client->out != NULL ? POLLOUT : client->asked ? 0 : POLLIN;
        to[n++] = (struct pollfd){.fd = client->fd, .events = events};
    }
    return n;
}

/* --- clients
 * ---------------------------------------------------------------------------------------- */

static bool is_trusted(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) return false;
    return who.uid == 0 || who.uid == geteuid();
}

static struct lk_control_client *free_client(struct lk_control *c)
{
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++)
        if (c->client[i].fd < 0) return &c->client[i];
    return NULL;
}

static void accept_clients(struct lk_control *c, uint64_t now_ns)
{
    struct lk_control_client *client;
    while ((client = free_client(c)) != NULL) {
        int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        if (!is_trusted(fd)) {
            close(fd);
            continue;
        }
        client->fd = fd;
        client->id = ++c->next_id;
        client->until_ns = now_ns + PATIENCE_NS;
    }
}

static void set_reply(struct lk_control_client *client, json_t *reply, uint64_t now_ns)
{
    char *text = json_dumps(reply, JSON_COMPACT);
    json_decref(reply);
    if (text == NULL) {
        drop(client);
        return;
    }
    client->out = text;
    client->out_bytes = strlen(text);
    text[client->out_bytes++] = '\n'; /* takes the zero's place: out is counted, not terminated */
    client->until_ns = now_ns + PATIENCE_NS;
}

static json_t *answer_request(struct lk_control *c, const struct lk_control_client *client)
{
    json_error_t fault;
    json_t *request = json_loadb(client->in, client->in_bytes, JSON_REJECT_DUPLICATES, &fault);
    if (request == NULL) return lk_control_bad("the request is not a JSON object");
    const char *command = json_string_value(json_object_get(request, "command"));
    json_t *reply = NULL;
    bool known = false;
    for (size_t i = 0; command != NULL && i < c->row_count && !known; i++) {
        if (strcmp(c->rows[i].command, command) != 0) continue;
        known = true;
        reply = c->rows[i].answer(c->owner, request, client->id);
    }
    json_decref(request);
    return known ? reply : lk_control_bad("unknown command");
}

static void hear(struct lk_control *c, struct lk_control_client *client, uint64_t now_ns)
{
    size_t room = sizeof client->in - client->in_bytes;
    ssize_t n = recv(client->fd, client->in + client->in_bytes, room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        drop(client);
        return;
    }
    client->in_bytes += (size_t)n;
    if (memchr(client->in, '\n', client->in_bytes) == NULL) {
        if (client->in_bytes == sizeof client->in)
            set_reply(client, lk_control_bad("the request is too long"), now_ns);
        return;
    }
    client->asked = true;
    client->until_ns = now_ns + LATE_PATIENCE_NS;
    json_t *reply = answer_request(c, client);
    if (reply != NULL) set_reply(client, reply, now_ns);
}

static void say(struct lk_control_client *client)
{
    ssize_t n = send(client->fd, client->out + client->out_done,
                     client->out_bytes - client->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) client->out_done += (size_t)n;
    if (n <= 0 || client->out_done == client->out_bytes) drop(client);
}

void lk_control_turn(struct lk_control *c, uint64_t now_ns)
{
    if (c->fd < 0) return;
    accept_clients(c, now_ns);
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++) {
        struct lk_control_client *client = &c->client[i];
        if (client->fd >= 0 && !client->asked && client->out == NULL) hear(c, client, now_ns);
        if (client->fd >= 0 && client->out != NULL) say(client);
        if (client->fd >= 0 && now_ns > client->until_ns) drop(client);
    }
}

void lk_control_answer(struct lk_control *c, uint32_t id, json_t *reply)
{
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++) {
        struct lk_control_client *client = &c->client[i];
        if (client->fd < 0 || client->id != id || client->out != NULL) continue;
        set_reply(client, reply, lk_clock_now_ns());
        return;
    }
    json_decref(reply);
}
