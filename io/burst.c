#include "io/burst.h"

#include <string.h>

#define SEGMENTS_MAX 64 /* the kernel's bound for one send */
/* A segment that no path cuts: the kernel refuses a send with larger ones where the device is
 * narrower, while it would cut a lone datagram. */
#define SEGMENT_BYTES_MAX 1232

_Static_assert(LK_OUT_BYTES <= UINT16_MAX, "a segment is as long as a chunk at most");

static bool fits(const struct lk_out *out, size_t len)
{
    bool open = out->segment <= SEGMENT_BYTES_MAX && out->len % out->segment == 0;
    return open && len <= out->segment && out->len + len <= LK_OUT_BYTES &&
           out->len / out->segment < SEGMENTS_MAX;
}

bool lk_burst_add(struct lk_burst *b, struct lk_bytes datagram)
{
    if (datagram.len == 0 || datagram.len > LK_OUT_BYTES) return false;
    if (b->out != NULL && !fits(b->out, datagram.len)) lk_burst_send(b);
    if (b->out == NULL) {
        b->out = lk_out_take(&b->peers->outs, LK_SHARE_NOBODY);
        if (b->out == NULL) return false;
        b->out->fd = b->fd;
        b->out->to = *b->to;
        b->out->segment = (uint16_t)datagram.len;
    }
    memcpy(b->out->data + b->out->len, datagram.data, datagram.len);
    b->out->len += (uint32_t)datagram.len;
    return true;
}

void lk_burst_send(struct lk_burst *b)
{
    struct lk_out *out = b->out;
    if (out == NULL) return;
    b->out = NULL;
    if (out->len == out->segment) out->segment = 0;
    lk_peers_send(b->peers, out);
}

void lk_burst_forget(struct lk_burst *b)
{
    if (b->out != NULL) lk_out_release_wiped(&b->peers->outs, b->out);
    b->out = NULL;
}
