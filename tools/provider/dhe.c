#include "tools/provider/dhe.h"

#include <string.h>

static const struct size_row {
    uint16_t p_bytes, exponent_bits;
} sizes[] = {{256, 225}, {384, 275}, {512, 325}, {768, 375}, {1024, 400}};

bool lk_dhe_private(struct lk_bytes drawn, size_t p_bytes, uint8_t b[LK_DHE_DRAWN_BYTES_MAX])
{
    size_t bits = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i].p_bytes == p_bytes) bits = sizes[i].exponent_bits;
    if (bits == 0 || drawn.len != (bits + 2 + 7) / 8) return false;
    memcpy(b, drawn.data, drawn.len);
    size_t whole = bits / 8, first = drawn.len - whole; /* bytes of which every bit counts */
    memset(b, 0, first - 1);
    b[first - 1] &= (uint8_t)((1u << bits % 8) - 1);
    unsigned carry = 1;
    for (size_t i = drawn.len; i-- > 0;) {
        carry += b[i];
        b[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return true;
}
