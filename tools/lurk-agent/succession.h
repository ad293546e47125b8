/* succession: how a new agent takes the place of a running one without a client noticing.
 *
 * The running agent listens on agent.control_socket (SOCK_SEQPACKET, mode 0600). The new one sends
 * "take"; it gets one packet a listening socket, "socket NAME" with the descriptor beside it, the
 * control socket and the admin page's among them ("control", "admin"), then "end". It starts, and
 * sends "go" once it has a key server; only then does the old one stop to accept and leave. If the
 * new one ends before that, nothing has happened. Both ends have to be root or the same user.
 * Owner the agent's thread. */
#ifndef LK_TOOLS_LURK_AGENT_SUCCESSION_H
#define LK_TOOLS_LURK_AGENT_SUCCESSION_H

#include "tools/lurk-agent/door.h"
#include "tools/lurk-agent/watch.h"

#define LK_SUCCESSION_CONTROL "control" /* names in the place of a path */
#define LK_SUCCESSION_ADMIN "admin"

/* --- the running agent ------------------------------------------------------------------------ */

struct lk_succession {
    int listen_fd, heir_fd; /* -1 */
    uint32_t listen_watch, heir_watch;
    struct lk_watches *watches;
    const struct lk_door *door;
    int admin_fd; /* -1 none */
    void (*go)(void *owner, uint64_t now_ns);
    void *owner;
};

/* listen_fd is listening already, and taken over. */
LK_MUST_USE lk_err lk_succession_open(struct lk_succession *s, int listen_fd,
                                      const struct lk_door *door, int admin_fd,
                                      struct lk_watches *watches,
                                      void (*go)(void *owner, uint64_t now_ns), void *owner);
void lk_succession_close(struct lk_succession *s);

/* --- the new one ------------------------------------------------------------------------------ */

/* Asks the agent behind path for its sockets; waits 5 s at most. *fd is kept until "go". */
LK_MUST_USE lk_err lk_succession_take(const char *path, struct lk_adopted *adopted, int *fd,
                                      char *error, size_t error_bytes);
/* Tells it to leave; closes fd. */
void lk_succession_go(int fd);

#endif
