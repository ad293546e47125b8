/* Any bytes as the certificate whose key a vault compares. A key that is found lies inside. */
#include "core/base/err.h"
#include "core/keys/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_bytes spki;
    if (!lk_certificate_spki(lk_bytes_of(data, size), &spki)) return 0;
    LK_ASSERT(spki.len >= 2 && spki.data > data && spki.data + spki.len <= data + size);
    return 0;
}
