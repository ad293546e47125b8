/* Any bytes as the payload of a tls12 rsa_master request. */
#include "tests/support/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)lk_request_check(LK_TLS12_RSA_MASTER, lk_bytes_of(data, size));
    return 0;
}
