/* Any bytes as the payload of a handshake form; the first byte picks its type. */
#include "tests/support/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    uint8_t type = (uint8_t)(LK_TLS12_RSA_MASTER_WITH_POH + data[0] % 3);
    (void)lk_request_check(type, lk_bytes_of(data + 1, size - 1));
    return 0;
}
