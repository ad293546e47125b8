/* client: the client as the transports of liblurk see it: bytes that come go straight into its
 * buffer, and an agent's goodbye is told from a failure. Owner a transport or the caller. */
#ifndef LK_TOOLS_LIBLURK_CLIENT_H
#define LK_TOOLS_LIBLURK_CLIENT_H

#include "tools/liblurk/lurk.h"

/* Where the next bytes go; *room is how many, 0 where results have to be taken first. A datagram or
 * packet always finds room for the largest, or none. */
uint8_t *lk_client_room(struct lurk_client *client, size_t *room);
/* len bytes were put there: a piece of the stream, or one datagram or packet. */
void lk_client_filled(struct lurk_client *client, size_t len, uint64_t now_ns);

/* Something waits to be sent. */
bool lk_client_waiting(const struct lurk_client *client);
/* A call is in flight that was not queued again yet: worth another connection. */
bool lk_client_resendable(const struct lurk_client *client);

#endif
