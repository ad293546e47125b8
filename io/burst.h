/* burst: the datagrams of one peer, gathered in a chunk so that those of equal size leave in one
 * send (UDP_SEGMENT). A shorter one may close a chunk; a longer one starts the next.
 *
 * Owner   the peer's transport; the loop's thread. What is added here is sent by lk_burst_send, at
 *         the latest when the turn ends.
 * Errors  no chunk left: the datagram is lost, as it may be on the way. */
#ifndef LK_IO_BURST_H
#define LK_IO_BURST_H

#include "io/conn.h"

struct lk_burst {
    struct lk_peers *peers;
    const struct lk_address *to; /* borrowed */
    int fd;
    struct lk_out *out; /* being filled; NULL: nothing gathered */
};

/* Copies 1 to LK_OUT_BYTES bytes; what cannot stand beside them is sent first. False: lost. */
bool lk_burst_add(struct lk_burst *burst, struct lk_bytes datagram);
/* Over to the loop (lk_peers_send); nothing gathered: nothing happens. */
void lk_burst_send(struct lk_burst *burst);
void lk_burst_forget(struct lk_burst *burst); /* unsent, wiped */

#endif
