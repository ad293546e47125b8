/* client: the sockets behind the desk: local clients are let in here, their packets are read and
 * written. A turn reads a bounded number of packets of each client; nothing here waits.
 * Owner the agent's thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_CLIENT_H
#define LK_TOOLS_LURK_AGENT_CLIENT_H

#include "tools/lurk-agent/desk.h"
#include "tools/lurk-agent/door.h"
#include "tools/lurk-agent/watch.h"

struct lk_client_socket {
    int fd; /* -1: free */
    uint32_t watch;
};

struct lk_clients {
    struct lk_desk *desk;
    const struct lk_door *door;
    struct lk_watches *watches;
    struct lk_client_socket *socket; /* by the desk's number */
    uint32_t room;
    uint32_t door_watch[LK_AGENT_SOCKETS_MAX];
    int spare_fd; /* given up for a moment to turn a client away where descriptors run out */
    bool lets_in;
    uint8_t *packet; /* one, as it comes */
};

extern const struct lk_desk_io lk_clients_io; /* owner: struct lk_clients */

LK_MUST_USE lk_err lk_clients_init(struct lk_clients *c, uint32_t room, struct lk_desk *desk,
                                   const struct lk_door *door, struct lk_watches *watches);
void lk_clients_fini(struct lk_clients *c);
/* From now on, or no longer. */
LK_MUST_USE lk_err lk_clients_let_in(struct lk_clients *c);
void lk_clients_shut(struct lk_clients *c);
/* Those in the door's list no longer are closed. */
void lk_clients_judge(struct lk_clients *c);
/* Reads what every client has sent already. */
void lk_clients_read_all(struct lk_clients *c, uint64_t now_ns);

#endif
