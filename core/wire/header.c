#include "core/wire/header.h"

#include "core/base/err.h"

void lk_header_read(struct lk_cursor *c, struct lk_header *header)
{
    header->designation = lk_cursor_u8(c);
    header->version = lk_cursor_u8(c);
    header->type = lk_cursor_u8(c);
    header->status = lk_cursor_u8(c);
    header->id = lk_cursor_u64(c);
    header->length = lk_cursor_u32(c);
}

void lk_header_write(struct lk_writer *w, const struct lk_header *header)
{
    lk_writer_u8(w, header->designation);
    lk_writer_u8(w, header->version);
    lk_writer_u8(w, header->type);
    lk_writer_u8(w, header->status);
    lk_writer_u64(w, header->id);
    lk_writer_u32(w, header->length);
}

enum lk_cut lk_header_next(struct lk_bytes stream, uint32_t limit, struct lk_bytes *message)
{
    LK_ASSERT(limit >= LK_HEADER_BYTES && limit <= LK_MESSAGE_BYTES_MAX);
    *message = lk_bytes_of(stream.data, 0);
    if (stream.len < LK_HEADER_BYTES) return LK_CUT_MORE;
    struct lk_cursor c = lk_cursor_of(stream);
    struct lk_header header;
    lk_header_read(&c, &header);
    /* lurk.md 4, decision L1: length counts the whole message, so less than a header is no cut. It
     * is judged before the payload arrives: nobody waits for 4 GiB that will be refused. */
    if (header.length < LK_HEADER_BYTES || header.length > limit) {
        message->len = LK_HEADER_BYTES;
        return LK_CUT_LOST;
    }
    if (stream.len < header.length) return LK_CUT_MORE;
    message->len = header.length;
    return LK_CUT_MESSAGE;
}
