#include "crypto/ct.h"

#include <string.h>

void lk_wipe(void *data, size_t len)
{
    if (len > 0) explicit_bzero(data, len);
}

bool lk_ct_equal(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;
    uint32_t differ = 0;
    for (size_t i = 0; i < len; i++)
        differ |= (uint32_t)(x[i] ^ y[i]);
    return (lk_ct_is_zero(differ) & 1u) != 0;
}
