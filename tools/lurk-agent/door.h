/* door: the listening sockets for local clients, and who may come in.
 *
 * A socket is made here, or comes from the service manager or from the agent before us (an adopted
 * one, matched by its name), so that no client finds it closed while agents change. A path that we
 * made is removed at the end, unless a successor has it.
 * Who may come in is what the kernel says of the peer: user, group, and all its other groups. */
#ifndef LK_TOOLS_LURK_AGENT_DOOR_H
#define LK_TOOLS_LURK_AGENT_DOOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "tools/lurk-agent/conf.h"

/* Sockets that others made for us. */
struct lk_adopted {
    int fd[LK_AGENT_SOCKETS_MAX + 2]; /* -1: taken by its user */
    char name[LK_AGENT_SOCKETS_MAX + 2][LK_SOCKET_PATH_BYTES];
    unsigned count;
};
/* Those of LISTEN_FDS; the environment is cleared of it. */
void lk_adopted_from_systemd(struct lk_adopted *adopted);
/* The descriptor of that name, which is the caller's then; -1: none. */
int lk_adopted_take(struct lk_adopted *adopted, const char *name);
void lk_adopted_close(struct lk_adopted *adopted);

struct lk_door {
    struct {
        int fd;
        char path[LK_SOCKET_PATH_BYTES];
        bool made; /* by us: to be removed at the end */
    } socket[LK_AGENT_SOCKETS_MAX];
    unsigned count;
    uid_t user[LK_AGENT_ALLOWS_MAX];
    gid_t group[LK_AGENT_ALLOWS_MAX];
    unsigned user_count, group_count;
};

/* error: which row, what is wrong, what to do. */
LK_MUST_USE lk_err lk_door_open(struct lk_door *door, const struct lk_agent_conf *conf,
                                struct lk_adopted *adopted, char *error, size_t error_bytes);
void lk_door_close(struct lk_door *door, bool remove_paths);

/* Looks up the names of conf's list allow; door keeps the old ones where one is unknown. */
LK_MUST_USE lk_err lk_door_allow(struct lk_door *door, const struct lk_agent_conf *conf,
                                 char *error, size_t error_bytes);
/* The peer of a connected Unix socket. */
bool lk_door_allows(const struct lk_door *door, int fd);

/* A bound and listening SOCK_SEQPACKET socket of that name; a path nobody serves any more is
 * replaced. */
LK_MUST_USE lk_err lk_door_listen(const char *name, mode_t mode, int *fd, char *error,
                                  size_t error_bytes);

#endif
