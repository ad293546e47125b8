/* A first datagram of any bytes: where its random is looked for lies inside it, and only in what is
 * long enough to be a ClientHello of the first epoch. */
#include "core/base/err.h"
#include "io/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *random = lk_hello_random(lk_bytes_of(data, size));
    if (random == NULL) return 0;
    LK_ASSERT(random >= data && random + LK_HELLO_RANDOM_BYTES <= data + size);
    LK_ASSERT(data[0] == 22 && (data[3] | data[4]) == 0);
    return 0;
}
