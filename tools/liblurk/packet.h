/* packet: one packet of the agent's socket, both ways (docs/edge-side.md, "The agent's socket").
 *
 * The client writes requests and reads answers, the agent the opposite. A packet is 12 bytes and a
 * LURK message; nothing here looks into that but at its length. Parsed views borrow the packet.
 * Thread any. Allocates nothing. Time depends on lengths only. */
#ifndef LK_TOOLS_LIBLURK_PACKET_H
#define LK_TOOLS_LIBLURK_PACKET_H

#include "core/base/bytes.h"
#include "core/wire/header.h"

#define LK_PACKET_VERSION 1 /* the highest layout that is spoken here */
#define LK_PACKET_HEAD_BYTES 12
#define LK_PACKET_BYTES_MAX (LK_PACKET_HEAD_BYTES + LK_MESSAGE_BYTES_MAX)

enum lk_packet_kind {
    LK_PACKET_REQUEST = 1,
    LK_PACKET_ANSWER = 2,
    LK_PACKET_STATUS_REQUEST = 3,
    LK_PACKET_STATUS = 4
};

enum lk_packet_outcome {
    LK_PACKET_ANSWERED = 0,
    LK_PACKET_NO_SERVER = 1,
    LK_PACKET_TIMEOUT = 2,
    LK_PACKET_FULL = 3,
    LK_PACKET_MALFORMED = 4,
    LK_PACKET_UNKNOWN = 5, /* version or kind */
    LK_PACKET_FORBIDDEN = 6,
    LK_PACKET_LEAVING = 7,
    LK_PACKET_OUTCOME_COUNT
};

struct lk_packet {
    uint8_t version;
    uint8_t kind;
    uint32_t tag;
    uint16_t left_ms; /* request: time that is left for it; 0: the agent's own bound */
    uint8_t outcome;  /* answer */
    uint8_t flags;
    struct lk_bytes body; /* LURK message, or text of a status */
};

/* What a client sent. Returns LK_PACKET_ANSWERED for a request or a status request to be worked on,
 * else the outcome to answer with: MALFORMED (no magic, too short or too long, a byte that has to
 * be 0, a request whose LURK length is not its own, a status request with a body), UNKNOWN (a
 * version or a kind). out->tag is the client's wherever it is there, else 0; out->kind is what an
 * answer to it has to be: an answer, or a status. */
enum lk_packet_outcome lk_packet_request_read(struct lk_bytes packet, struct lk_packet *out);

/* What an agent sent: an answer (body: the LURK message with outcome 0, else empty) or a status.
 * False: no agent sends that. A version other than ours comes with LK_PACKET_UNKNOWN alone. */
bool lk_packet_answer_read(struct lk_bytes packet, struct lk_packet *out);

/* The first of packets that lie back to back, each one that lk_packet_answer_read took as an
 * answer: its own size. Empty: there is none. */
struct lk_bytes lk_packet_answer_next(struct lk_bytes packets);

/* Writes either, with our version. The writer turns bad where it has no room. */
void lk_packet_write(struct lk_writer *w, const struct lk_packet *packet);

#endif
