/* Any bytes as a payload of tls13: the first says which, 0 a request, 1 its reply, 2
 * capabilities. */
#include "tests/support/roundtrip.h"

#include "core/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > LK_MESSAGE_BYTES_MAX) return 0;
    struct lk_bytes payload = lk_bytes_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: (void)lk_roundtrip_request(LK_X_TLS13_S_INIT_CERT_VERIFY, payload); break;
    case 1: (void)lk_roundtrip_reply(LK_X_TLS13_S_INIT_CERT_VERIFY, payload); break;
    default: (void)lk_roundtrip_reply(LK_X_TLS13_CAPABILITIES, payload); break;
    }
    return 0;
}
