/* Any bytes as a lurk capabilities payload: what is accepted writes back to the same list. */
#include "core/base/err.h"
#include "core/wire/lurk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[LK_MESSAGE_BYTES_MAX + LK_HEADER_BYTES];
    struct lk_lurk_capabilities capabilities;
    if (!lk_lurk_capabilities_parse(lk_bytes_of(data, size), &capabilities)) return 0;
    LK_ASSERT(memcmp(capabilities.state, data + size - LK_STATE_BYTES, LK_STATE_BYTES) == 0);
    struct lk_writer w = lk_writer_of(again, sizeof again);
    lk_lurk_capabilities_write(&w, capabilities.extensions);
    LK_ASSERT(!w.bad && w.len == size);
    LK_ASSERT(memcmp(again, data, size - LK_STATE_BYTES) == 0);
    return 0;
}
