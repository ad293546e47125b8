/* framing: what a connection puts around a message, as constant rows: a stream nothing, a datagram
 * nothing and its boundary, the agent's socket a packet. Thread any. */
#ifndef LK_TOOLS_LIBLURK_FRAMING_H
#define LK_TOOLS_LIBLURK_FRAMING_H

#include "tools/liblurk/calls.h"
#include "tools/liblurk/lurk.h"
#include "tools/liblurk/packet.h"

#define LK_FRAMING_UNIT_BYTES_MAX LK_PACKET_BYTES_MAX
#define LK_FRAMING_PIECE_BYTES 16384 /* of a stream: a record of TLS */

struct lk_unit {
    struct lk_bytes message; /* with outcome LURK_OK */
    int outcome;             /* an agent's: no message */
    uint32_t tag;
    size_t bytes; /* of what came, head included */
};

struct lk_framing {
    size_t head_bytes; /* in front of the message */
    bool keeps;        /* messages go out one by one, and copies stay until they are answered */
    bool repeats;      /* what is not answered is sent again */
    bool trusts;       /* a malformed unit ends the connection; else it is dropped */
    /* Whether a datagram or packet is one that `next` cuts off again; NULL: a stream. */
    bool (*sound)(struct lk_bytes unit);
    enum lk_cut (*next)(struct lk_bytes in, struct lk_unit *unit);
    /* Writes the head into call->copy; NULL: there is none. */
    void (*head_write)(const struct lk_calls *calls, struct lk_call *call, uint64_t now_ns);
};

/* NULL: none of the three. */
const struct lk_framing *lk_framing_get(enum lurk_framing framing);

#endif
