/* limits: every bound of the agent, with its unit and the reason for its value. Where an option
 * exists it may lower a bound, never raise it. */
#ifndef LK_TOOLS_LURK_AGENT_LIMITS_H
#define LK_TOOLS_LURK_AGENT_LIMITS_H

#include "core/base/limits.h"

#define LK_SOCKET_PATH_BYTES 108 /* of sun_path */
#define LK_HOST_BYTES_MAX 253    /* a DNS name */

#define LK_AGENT_SOCKETS_MAX 16
#define LK_AGENT_ALLOWS_MAX 64
#define LK_AGENT_SERVERS_MAX 64 /* bits of a set in one word; the pick looks at each */
#define LK_AGENT_LINES_PER_SERVER_MAX 8
#define LK_AGENT_LINES_MAX (LK_AGENT_SERVERS_MAX * LK_AGENT_LINES_PER_SERVER_MAX)

#define LK_AGENT_CLIENTS_MAX 65536        /* a socket for each handshake that waits */
#define LK_AGENT_IN_FLIGHT_MAX 32768      /* small parcels: 64 MiB */
#define LK_AGENT_IN_FLIGHT_LARGE_MAX 1024 /* large parcels: 64 MiB */
#define LK_AGENT_IN_FLIGHT_PER_CLIENT_MAX 4096
#define LK_AGENT_OUTPUT_BYTES_MAX 1048576 /* answers that a client has not read */

/* All but the handshake forms and capabilities are smaller (LK_SLOT_SMALL_BYTES of the server). */
#define LK_PARCEL_SMALL_BYTES 2048
#define LK_PARCEL_LARGE_BYTES 65536 /* LK_MESSAGE_BYTES_MAX and one to see that there is more */

/* Longer requests go over TLS where there is a choice: with what DTLS puts around it, less than the
 * 1,200 bytes that lurkd sends in a datagram. */
#define LK_AGENT_DATAGRAM_BYTES_MAX 1100

/* Requests for capabilities on one connection: a key server closes a peer that leaves 256 KiB of
 * answers unread (LK_OUTPUT_BYTES_PER_PEER_MAX), and each may be 64 KiB. More wait their turn, so
 * that one client cannot end a connection that all share. */
#define LK_AGENT_BULKY_PER_LINE 3

/* Requests that wait for a connection to take them: more than the large parcels of a host hold
 * by default; a server that reads nothing for so long is found by its pings. */
#define LK_AGENT_LINE_QUEUE_BYTES (8u << 20)

/* One turn reads so many packets of one client: one that floods leaves the others theirs. */
#define LK_AGENT_PACKETS_PER_TURN 64

/* A client that is not allowed has so long to send the packet that is answered with outcome 6. */
#define LK_AGENT_STRANGER_MS 1000

#endif
