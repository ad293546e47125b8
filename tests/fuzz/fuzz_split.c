/* Any bytes as a payload of split: the first says which, a type; bit 7 makes it the reply of that
 * type. */
#include "tests/support/roundtrip.h"

#include "core/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > LK_MESSAGE_BYTES_MAX) return 0;
    struct lk_bytes payload = lk_bytes_of(data + 1, size - 1);
    int found = lk_exchange_find(LK_EXT_SPLIT, LK_SPLIT_VERSION, data[0] & 0x7f);
    if (found < 0 || found == LK_X_SPLIT_PING) return 0;
    enum lk_exchange_id exchange = (enum lk_exchange_id)found;
    if ((data[0] & 0x80) != 0 || exchange == LK_X_SPLIT_CAPABILITIES)
        (void)lk_roundtrip_reply(exchange, payload);
    else
        (void)lk_roundtrip_request(exchange, payload);
    return 0;
}
