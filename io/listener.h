/* listener: the sockets the server listens on, one per loop and row of `listen`, all bound before
 * any child starts, so that no child needs the right to bind and a restart loses no port.
 *
 * Owner   the supervisor, for its whole life. SO_REUSEPORT spreads peers over loops; a port that
 * another program has is refused, not shared. */
#ifndef LK_IO_LISTENER_H
#define LK_IO_LISTENER_H

#include "core/conf/conf.h"

struct lk_listeners {
    uint32_t loops, rows;
    int *fd;             /* [row * loops + loop] */
    uint32_t *transport; /* [row] */
    int admin;           /* -1: none */
};

/* Allocates. Errors: errno of socket, bind and listen, LK_ERR_MEMORY; then nothing is open. error:
 * which address, why, and what to do; untouched for LK_ERR_MEMORY. */
LK_MUST_USE lk_err lk_listeners_open(const struct lk_conf *conf, uint32_t loops,
                                     struct lk_listeners *out, char *error, size_t error_bytes);
/* Could this row be served? Binds and closes, listens never. -EADDRINUSE: somebody serves it
 * now. */
LK_MUST_USE lk_err lk_listener_try(const struct lk_conf_listen *row);
void lk_listeners_close(struct lk_listeners *listeners);

#endif
