/* Any bytes as a tls12 capabilities payload without its state: entries that are accepted write back
 * to the same bytes. */
#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/wire/tls12.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[LK_MESSAGE_BYTES_MAX];
    if (size > sizeof again) return 0;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    struct lk_writer w = lk_writer_of(again, sizeof again);
    struct lk_tls12_capability entry;
    while (lk_cursor_left(&c) > 0 && lk_tls12_capability_parse(&c, &entry)) {
        lk_tls12_capability_write(&w, &entry);
        LK_ASSERT(!w.bad && w.len == (size_t)(c.at - data));
        LK_ASSERT(memcmp(again, data, w.len) == 0);
    }
    return 0;
}
