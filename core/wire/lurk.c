#include "core/wire/lurk.h"

#include "core/base/err.h"
#include "crypto/hash.h"

bool lk_lurk_capabilities_parse(struct lk_bytes payload, struct lk_lurk_capabilities *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    out->extensions = lk_cursor_vec16(&c);
    struct lk_bytes state = lk_cursor_take(&c, LK_STATE_BYTES);
    /* lurk.md 7: list16 of pairs; half a pair is no element. */
    if (!lk_cursor_done(&c) || out->extensions.len % 2 != 0) return false;
    memcpy(out->state, state.data, LK_STATE_BYTES);
    return true;
}

void lk_lurk_capabilities_write(struct lk_writer *w, struct lk_bytes extensions)
{
    LK_ASSERT(extensions.len % 2 == 0);
    size_t start = w->len;
    lk_writer_vec16(w, extensions);
    if (w->bad) return;
    /* lurk.md 5.4: over the bytes in front of the state. */
    uint8_t digest[LK_SHA256_BYTES];
    lk_sha256(w->base + start, w->len - start, digest);
    lk_writer_put(w, digest, LK_STATE_BYTES);
}

void lk_lurk_error_write(struct lk_writer *w, const struct lk_header *request, bool extension,
                         uint8_t status, const uint8_t state[LK_STATE_BYTES])
{
    LK_ASSERT(status > LK_STATUS_SUCCESS);
    struct lk_header header = *request; /* lurk.md 5.1: type and id are copied, always */
    if (!extension) {
        header.designation = LK_EXT_LURK; /* L4 */
        header.version = LK_LURK_VERSION;
    }
    header.status = status;
    header.length = LK_HEADER_BYTES + LK_STATE_BYTES;
    lk_header_write(w, &header);
    lk_writer_put(w, state, LK_STATE_BYTES);
}
