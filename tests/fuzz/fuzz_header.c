/* A stream of any bytes is cut into messages that lie back to back in it, or the cut is lost. */
#include "core/base/err.h"
#include "core/wire/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void message_check(struct lk_bytes message)
{
    struct lk_cursor c = lk_cursor_of(message);
    struct lk_header header;
    lk_header_read(&c, &header);
    LK_ASSERT(!c.bad && header.length == message.len);
    uint8_t again[LK_HEADER_BYTES];
    struct lk_writer w = lk_writer_of(again, sizeof again);
    lk_header_write(&w, &header);
    LK_ASSERT(!w.bad && memcmp(again, message.data, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_bytes stream = lk_bytes_of(data, size), message;
    while (lk_header_next(stream, LK_MESSAGE_BYTES_MAX, &message) == LK_CUT_MESSAGE) {
        LK_ASSERT(message.data == stream.data && message.len <= stream.len);
        message_check(message);
        stream.data += message.len;
        stream.len -= message.len;
    }
    LK_ASSERT(message.len == 0 || message.len == LK_HEADER_BYTES);
    return 0;
}
