#include "tools/liblurk/packet.h"

#define MAGIC 0x4c4b /* "LK" */

/* The 12 bytes; the rest is the body. False: none of this protocol's, and *out has no tag. */
static bool head_read(struct lk_bytes packet, struct lk_packet *out)
{
    struct lk_cursor c = lk_cursor_of(packet);
    *out = (struct lk_packet){0};
    if (lk_cursor_u16(&c) != MAGIC) return false;
    out->version = lk_cursor_u8(&c);
    out->kind = lk_cursor_u8(&c);
    uint32_t tag = lk_cursor_u32(&c);
    out->left_ms = lk_cursor_u16(&c);
    out->outcome = lk_cursor_u8(&c);
    out->flags = lk_cursor_u8(&c);
    if (c.bad) return false;
    out->tag = tag;
    out->body = lk_cursor_take(&c, lk_cursor_left(&c));
    return true;
}

/* The whole body is one LURK message, by its own length. */
static bool is_message(struct lk_bytes body)
{
    struct lk_bytes message;
    return lk_header_next(body, LK_MESSAGE_BYTES_MAX, &message) == LK_CUT_MESSAGE &&
           message.len == body.len;
}

enum lk_packet_outcome lk_packet_request_read(struct lk_bytes packet, struct lk_packet *out)
{
    bool good = head_read(packet, out);
    uint8_t kind = out->kind;
    out->kind = kind == LK_PACKET_STATUS_REQUEST ? LK_PACKET_STATUS : LK_PACKET_ANSWER;
    if (!good || packet.len > LK_PACKET_BYTES_MAX) return LK_PACKET_MALFORMED;
    if (out->version != LK_PACKET_VERSION) return LK_PACKET_UNKNOWN;
    if (kind != LK_PACKET_REQUEST && kind != LK_PACKET_STATUS_REQUEST) return LK_PACKET_UNKNOWN;
    good = kind == LK_PACKET_REQUEST ? is_message(out->body) : out->body.len == 0;
    return good && out->outcome == 0 ? LK_PACKET_ANSWERED : LK_PACKET_MALFORMED;
}

bool lk_packet_answer_read(struct lk_bytes packet, struct lk_packet *out)
{
    if (!head_read(packet, out) || packet.len > LK_PACKET_BYTES_MAX) return false;
    if (out->kind == LK_PACKET_STATUS) return out->version == LK_PACKET_VERSION;
    if (out->kind != LK_PACKET_ANSWER || out->outcome >= LK_PACKET_OUTCOME_COUNT) return false;
    if (out->version != LK_PACKET_VERSION && out->outcome != LK_PACKET_UNKNOWN) return false;
    return out->outcome == LK_PACKET_ANSWERED ? is_message(out->body) : out->body.len == 0;
}

struct lk_bytes lk_packet_answer_next(struct lk_bytes packets)
{
    struct lk_packet head;
    struct lk_bytes message;
    if (!head_read(packets, &head)) return lk_bytes_of(packets.data, 0);
    size_t body = 0;
    if (head.outcome == LK_PACKET_ANSWERED &&
        lk_header_next(head.body, LK_MESSAGE_BYTES_MAX, &message) == LK_CUT_MESSAGE)
        body = message.len;
    return lk_bytes_of(packets.data, LK_PACKET_HEAD_BYTES + body);
}

void lk_packet_write(struct lk_writer *w, const struct lk_packet *packet)
{
    lk_writer_u16(w, MAGIC);
    lk_writer_u8(w, LK_PACKET_VERSION);
    lk_writer_u8(w, packet->kind);
    lk_writer_u32(w, packet->tag);
    lk_writer_u16(w, packet->left_ms);
    lk_writer_u8(w, packet->outcome);
    lk_writer_u8(w, packet->flags);
    lk_writer_put(w, packet->body.data, packet->body.len);
}
