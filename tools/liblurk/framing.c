#include "tools/liblurk/framing.h"

static enum lk_cut message_next(struct lk_bytes in, struct lk_unit *unit)
{
    *unit = (struct lk_unit){.outcome = LURK_OK};
    enum lk_cut cut = lk_header_next(in, LK_MESSAGE_BYTES_MAX, &unit->message);
    unit->bytes = unit->message.len;
    return cut;
}

static bool datagram_sound(struct lk_bytes unit)
{
    struct lk_unit cut;
    return message_next(unit, &cut) == LK_CUT_MESSAGE && cut.bytes == unit.len;
}

/* --- packets ---------------------------------------------------------------------------------- */

static const int outcomes[LK_PACKET_OUTCOME_COUNT] = {
    [LK_PACKET_ANSWERED] = LURK_OK,
    [LK_PACKET_NO_SERVER] = LURK_ERR_NO_SERVER,
    [LK_PACKET_TIMEOUT] = LURK_ERR_TIMEOUT,
    [LK_PACKET_FULL] = LURK_ERR_FULL,
    [LK_PACKET_MALFORMED] = LURK_ERR_PACKET,
    [LK_PACKET_UNKNOWN] = LURK_ERR_VERSION,
    [LK_PACKET_FORBIDDEN] = LURK_ERR_FORBIDDEN,
    [LK_PACKET_LEAVING] = LURK_ERR_LEAVING,
};

/* Nobody here asks for a status. */
static bool packet_sound(struct lk_bytes unit)
{
    struct lk_packet packet;
    return lk_packet_answer_read(unit, &packet) && packet.kind == LK_PACKET_ANSWER;
}

static enum lk_cut packet_next(struct lk_bytes in, struct lk_unit *unit)
{
    struct lk_packet packet;
    struct lk_bytes first = lk_packet_answer_next(in);
    *unit = (struct lk_unit){.outcome = LURK_OK, .bytes = first.len};
    if (first.len == 0) return LK_CUT_MORE;
    if (!lk_packet_answer_read(first, &packet)) return LK_CUT_LOST;
    unit->message = packet.body;
    unit->outcome = outcomes[packet.outcome];
    unit->tag = packet.tag;
    return LK_CUT_MESSAGE;
}

static void packet_head_write(const struct lk_calls *calls, struct lk_call *call, uint64_t now_ns)
{
    uint64_t left_ms = call->deadline_ns > now_ns ? (call->deadline_ns - now_ns) / 1000000 : 0;
    bool bounded = call->deadline_ns != LURK_NEVER;
    if (left_ms == 0) left_ms = 1; /* 0 would ask for the agent's own bound */
    if (left_ms > UINT16_MAX) left_ms = UINT16_MAX;
    const struct lk_packet head = {.kind = LK_PACKET_REQUEST,
                                   .tag = lk_calls_tag(calls, call),
                                   .left_ms = bounded ? (uint16_t)left_ms : 0};
    struct lk_writer w = lk_writer_of(call->copy, LK_PACKET_HEAD_BYTES);
    lk_packet_write(&w, &head);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct lk_framing rows[] = {
    [LURK_STREAM] = {.next = message_next},
    [LURK_DATAGRAM] = {.keeps = true,
                       .repeats = true,
                       .sound = datagram_sound,
                       .next = message_next},
    [LURK_PACKET] = {.head_bytes = LK_PACKET_HEAD_BYTES,
                     .keeps = true,
                     .trusts = true,
                     .sound = packet_sound,
                     .next = packet_next,
                     .head_write = packet_head_write},
};

const struct lk_framing *lk_framing_get(enum lurk_framing framing)
{
    return (unsigned)framing <= LURK_PACKET ? &rows[framing] : NULL;
}
