#include "tools/lurk-agent/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "tools/lurk-agent/account.h"

#define BACKLOG 4096 /* the kernel's net.core.somaxconn may lower it */
#define GROUPS_MAX 1024

/* --- names ---------------------------------------------------------------------------------- */

/* "@name" is the abstract one. Returns the address's length. */
static socklen_t address_of(const char *name, struct sockaddr_un *to)
{
    size_t len = strlen(name);
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    LK_ASSERT(len < sizeof to->sun_path);
    memcpy(to->sun_path, name, len);
    if (name[0] == '@') {
        to->sun_path[0] = '\0';
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    }
    return (socklen_t)sizeof *to;
}

static bool name_of(int fd, char name[LK_SOCKET_PATH_BYTES])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0 || at.sun_family != AF_UNIX)
        return false;
    size_t bytes = len - offsetof(struct sockaddr_un, sun_path);
    if (bytes == 0 || bytes > sizeof at.sun_path) return false;
    bool abstract = at.sun_path[0] == '\0';
    if (abstract) at.sun_path[0] = '@';
    if (!abstract) bytes = strnlen(at.sun_path, bytes);
    if (bytes >= LK_SOCKET_PATH_BYTES) return false;
    memcpy(name, at.sun_path, bytes);
    name[bytes] = '\0';
    return true;
}

/* --- adopted sockets ------------------------------------------------------------------------ */

void lk_adopted_from_systemd(struct lk_adopted *adopted)
{
    int count = sd_listen_fds(1);
    for (int i = 0; i < count; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        char name[LK_SOCKET_PATH_BYTES];
        bool good = adopted->count < sizeof adopted->fd / sizeof adopted->fd[0] &&
                    sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) > 0 && name_of(fd, name);
        if (!good) {
            close(fd);
            continue;
        }
        adopted->fd[adopted->count] = fd;
        memcpy(adopted->name[adopted->count++], name, sizeof name);
    }
}

int lk_adopted_take(struct lk_adopted *adopted, const char *name)
{
    for (unsigned i = 0; i < adopted->count; i++) {
        int fd = adopted->fd[i];
        if (fd < 0 || strcmp(adopted->name[i], name) != 0) continue;
        adopted->fd[i] = -1;
        return fd;
    }
    return -1;
}

void lk_adopted_close(struct lk_adopted *adopted)
{
    for (unsigned i = 0; i < adopted->count; i++)
        if (adopted->fd[i] >= 0) close(adopted->fd[i]);
    adopted->count = 0;
}

/* --- listening ------------------------------------------------------------------------------ */

/* Whether somebody answers there. */
static bool is_served(const struct sockaddr_un *to, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool served = fd >= 0 &&
                  (connect(fd, (const struct sockaddr *)to, len) == 0 || errno == EAGAIN);
    if (fd >= 0) close(fd);
    return served;
}

/* A socket that a dead agent left is removed; anything else stays. */
static lk_err make_way(const char *name, const struct sockaddr_un *at, socklen_t len, char *error,
                       size_t error_bytes)
{
    struct stat st;
    if (name[0] == '@' || lstat(name, &st) != 0) return LK_OK;
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(error, error_bytes, "%s: is there and no socket", name);
        return LK_ERR_REFUSED;
    }
    if (is_served(at, len)) {
        snprintf(
            error, error_bytes,
            "%s: another process serves it; lurk-agent --take-over takes a running agent's place",
            name);
        return LK_ERR_REFUSED;
    }
    return unlink(name) == 0 ? LK_OK : -errno;
}

lk_err lk_door_listen(const char *name, mode_t mode, int *fd, char *error, size_t error_bytes)
{
    struct sockaddr_un at;
    socklen_t len = address_of(name, &at);
    LK_TRY(make_way(name, &at, len, error, error_bytes));
    int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0777); /* nobody comes in until the mode is right */
    bool good = made >= 0 && bind(made, (struct sockaddr *)&at, len) == 0 &&
                listen(made, BACKLOG) == 0 && (name[0] == '@' || chmod(name, mode) == 0);
    int code = errno;
    umask(before);
    if (good) {
        *fd = made;
        return LK_OK;
    }
    if (made >= 0) close(made);
    snprintf(error, error_bytes, "%s: %s", name, strerror(code));
    return -code;
}

static lk_err set_owner(const struct lk_agent_conf_socket *row, char *error, size_t error_bytes)
{
    uid_t uid = (uid_t)-1;
    gid_t gid = (gid_t)-1, own;
    if (row->owner[0] != '\0' && !lk_account_user(row->owner, &uid, &own)) {
        snprintf(error, error_bytes, "sockets.owner: there is no user '%s'", row->owner);
        return LK_ERR_UNKNOWN;
    }
    if (row->group[0] != '\0' && !lk_account_group(row->group, &gid)) {
        snprintf(error, error_bytes, "sockets.group: there is no group '%s'", row->group);
        return LK_ERR_UNKNOWN;
    }
    if ((uid != (uid_t)-1 || gid != (gid_t)-1) && chown(row->path, uid, gid) != 0) {
        snprintf(error, error_bytes, "%s: cannot be given to %s:%s: %s", row->path, row->owner,
                 row->group, strerror(errno));
        return -errno;
    }
    return LK_OK;
}

static lk_err open_row(struct lk_door *door, const struct lk_agent_conf_socket *row,
                       struct lk_adopted *adopted, char *error, size_t error_bytes)
{
    int fd = lk_adopted_take(adopted, row->path);
    bool made = fd < 0;
    if (made) LK_TRY(lk_door_listen(row->path, row->mode, &fd, error, error_bytes));
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    door->socket[door->count].fd = fd;
    door->socket[door->count].made = made && row->path[0] != '@';
    memcpy(door->socket[door->count++].path, row->path, sizeof row->path);
    return made ? set_owner(row, error, error_bytes) : LK_OK;
}

lk_err lk_door_open(struct lk_door *door, const struct lk_agent_conf *conf,
                    struct lk_adopted *adopted, char *error, size_t error_bytes)
{
    *door = (struct lk_door){.count = 0};
    lk_err err = lk_door_allow(door, conf, error, error_bytes);
    for (uint32_t i = 0; i < conf->socket_count && err == LK_OK; i++)
        err = open_row(door, &conf->sockets[i], adopted, error, error_bytes);
    if (err != LK_OK) lk_door_close(door, true);
    return err;
}

void lk_door_close(struct lk_door *door, bool remove_paths)
{
    for (unsigned i = 0; i < door->count; i++) {
        close(door->socket[i].fd);
        if (remove_paths && door->socket[i].made) unlink(door->socket[i].path);
    }
    door->count = 0;
}

/* --- who may come in ------------------------------------------------------------------------ */

lk_err lk_door_allow(struct lk_door *door, const struct lk_agent_conf *conf, char *error,
                     size_t error_bytes)
{
    struct lk_door next = *door;
    next.user_count = next.group_count = 0;
    for (uint32_t i = 0; i < conf->allow_count; i++) {
        const struct lk_agent_conf_allow *row = &conf->allows[i];
        gid_t own;
        bool user = row->user[0] != '\0';
        bool found = user ? lk_account_user(row->user, &next.user[next.user_count], &own)
                          : lk_account_group(row->group, &next.group[next.group_count]);
        if (!found) {
            snprintf(error, error_bytes,
                     "line %u: allow.%s: there is no %s '%s' on this host; take the row out, or "
                     "install first what it is for",
                     row->line, user ? "user" : "group", user ? "user" : "group",
                     user ? row->user : row->group);
            return LK_ERR_UNKNOWN;
        }
        next.user_count += user;
        next.group_count += !user;
    }
    *door = next;
    return LK_OK;
}

static bool group_allowed(const struct lk_door *door, gid_t gid)
{
    for (unsigned i = 0; i < door->group_count; i++)
        if (door->group[i] == gid) return true;
    return false;
}

bool lk_door_allows(const struct lk_door *door, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    gid_t groups[GROUPS_MAX];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) return false;
    if (peer.uid == 0 || group_allowed(door, peer.gid)) return true;
    for (unsigned i = 0; i < door->user_count; i++)
        if (door->user[i] == peer.uid) return true;
    len = sizeof groups;
    if (door->group_count == 0 || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
        return false;
    for (unsigned i = 0; i < len / sizeof groups[0]; i++)
        if (group_allowed(door, groups[i])) return true;
    return false;
}
