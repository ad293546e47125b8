/* growing: bytes on their way that grow at one end and are taken off the other, up to a bound.
 * What was taken and what is given back is wiped. Owner one thread. */
#ifndef LK_TOOLS_LIBLURK_GROWING_H
#define LK_TOOLS_LIBLURK_GROWING_H

#include "core/base/bytes.h"

struct lk_growing {
    uint8_t *data;
    size_t at, len; /* at..len is there */
    size_t size, max;
};

static inline struct lk_bytes lk_growing_bytes(const struct lk_growing *from)
{
    /* There may be no memory yet, and NULL + 0 is undefined in C. */
    const uint8_t *at = from->data != NULL ? from->data + from->at : NULL;
    return lk_bytes_of(at, from->len - from->at);
}

/* Room for `want` more bytes behind what is there, which may move; NULL: more than max, or no
 * memory. Then lk_growing_add tells how many were written. */
uint8_t *lk_growing_room(struct lk_growing *to, size_t want);
static inline void lk_growing_add(struct lk_growing *to, size_t len)
{
    to->len += len;
}
/* Takes len bytes off the front. */
void lk_growing_drop(struct lk_growing *from, size_t len);
void lk_growing_free(struct lk_growing *from);

#endif
