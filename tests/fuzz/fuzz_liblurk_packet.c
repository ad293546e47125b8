/* Any bytes as a packet of the agent's socket, from either side: what is accepted is written back
 * to the same bytes, but for flags and what an answer has in the place of the time. */
#include "core/base/err.h"
#include "tools/liblurk/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again_check(const struct lk_packet *packet, uint8_t kind, const uint8_t *data,
                        size_t size)
{
    static uint8_t again[LK_PACKET_BYTES_MAX];
    struct lk_packet copy = *packet;
    copy.kind = kind;
    struct lk_writer w = lk_writer_of(again, sizeof again);
    lk_packet_write(&w, &copy);
    LK_ASSERT(!w.bad && w.len == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_packet packet;
    if (lk_packet_request_read(lk_bytes_of(data, size), &packet) == LK_PACKET_ANSWERED) {
        bool status = packet.kind == LK_PACKET_STATUS;
        LK_ASSERT(status == (packet.body.len == 0));
        again_check(&packet, status ? LK_PACKET_STATUS_REQUEST : LK_PACKET_REQUEST, data, size);
    }
    if (lk_packet_answer_read(lk_bytes_of(data, size), &packet)) {
        LK_ASSERT(packet.version == LK_PACKET_VERSION || packet.outcome == LK_PACKET_UNKNOWN);
        if (packet.version == LK_PACKET_VERSION) again_check(&packet, packet.kind, data, size);
    }
    return 0;
}
