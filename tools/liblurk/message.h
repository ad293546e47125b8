/* message: a whole request around its payload, for the files that write one each.
 * Thread any. Allocates nothing. */
#ifndef LK_TOOLS_LIBLURK_MESSAGE_H
#define LK_TOOLS_LIBLURK_MESSAGE_H

#include "core/base/bytes.h"
#include "tools/liblurk/lurk.h"

static inline struct lk_bytes lk_bytes_in(struct lurk_bytes bytes)
{
    return lk_bytes_of(bytes.data, bytes.data != NULL ? bytes.len : 0);
}

static inline struct lurk_bytes lk_bytes_out(struct lk_bytes bytes)
{
    return (struct lurk_bytes){.data = bytes.data, .len = bytes.len};
}

/* A writer that stands behind the header of message[room]. */
struct lk_writer lk_message_start(uint8_t *message, size_t room);
/* The header, and *len. Errors LURK_ERR_ROOM: it did not fit · LURK_ERR_ARGUMENT: it fits no
 * message at all */
int lk_message_finish(struct lk_writer *w, uint8_t extension, uint8_t type, size_t *len);

#endif
