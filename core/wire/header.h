/* header: the 16 bytes in front of every LURK message, and the framing of streams.
 * Source lurk.md 2, 4 (draft-mglt-lurk-lurk-01 section 3; decisions L1, L2, L4). */
#ifndef LK_CORE_WIRE_HEADER_H
#define LK_CORE_WIRE_HEADER_H

#include "core/base/bytes.h"
#include "core/base/limits.h"

struct lk_header {
    uint8_t designation;
    uint8_t version;
    uint8_t type;
    uint8_t status;
    uint64_t id;
    uint32_t length; /* whole message, header included */
};

/* Reads 16 bytes; fewer turn the cursor bad. Judges nothing. */
void lk_header_read(struct lk_cursor *c, struct lk_header *header);
void lk_header_write(struct lk_writer *w, const struct lk_header *header);

enum lk_cut {
    LK_CUT_MORE,    /* the message is not complete yet */
    LK_CUT_MESSAGE, /* *message is the first whole message of the stream */
    LK_CUT_LOST     /* length below 16 or above the limit: answer invalid_format once, close */
};

/* Cut the first message off a stream's bytes (lurk.md 4). `limit` is at most LK_MESSAGE_BYTES_MAX.
 * On LK_CUT_LOST *message is the 16 bytes of the header, for the answer. */
enum lk_cut lk_header_next(struct lk_bytes stream, uint32_t limit, struct lk_bytes *message);

#endif
