/* ec_bytes: numbers of a request, big-endian bytes, and lanes of digits of 52 bits. For inclusion
 * after a curve's field. Time by length alone. */
#ifndef LK_CRYPTO_EC_BYTES
#define LK_CRYPTO_EC_BYTES

#include <stddef.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/ec_digits.inc.c"

/* Eight bytes, big-endian, that end `from_end` bytes before the end of bytes[len]; what would lie
 * before its start is zero. */
static inline uint64_t word_load(const uint8_t *bytes, size_t len, size_t from_end)
{
    uint64_t word = 0;
    size_t left = from_end < len ? len - from_end : 0;
    if (left >= 8)
        memcpy(&word, bytes + left - 8, 8);
    else
        memcpy((uint8_t *)&word + 8 - left, bytes, left);
    return __builtin_bswap64(word);
}

/* Lane `l` of to[digits] := bytes[len], big-endian. Digit i begins in the middle of a byte when i
 * is odd. Always in line: where len is a constant each digit is one load, without a branch. */
__attribute__((always_inline)) static inline void
bytes_load(lane *to, unsigned l, const uint8_t *bytes, size_t len, unsigned digits)
{
    uint64_t *word = (uint64_t *)(void *)to + l;
    _Pragma("GCC unroll 16") /* in plain C too */
    for (unsigned i = 0; i < digits; i++)
        word[i * LANES] = word_load(bytes, len, i * 13 / 2) >> (i % 2 * 4) & MASK52;
}

/* bytes[NUMBER_BYTES] := lane l of a number of no more bits than that, those bits that the check
 * has seen; keep: all ones, or 0 for zeros. Word j begins in digit 64 j / 52 and ends two digits
 * on. */
static inline void bytes_store(uint8_t *bytes, const lane *from, unsigned l, uint64_t keep)
{
    const uint64_t *word = (const uint64_t *)(const void *)from + l;
    uint64_t d[DIGITS + 1] = {0};
    for (unsigned i = 0; i < DIGITS; i++)
        d[i] = word[i * LANES] & MASK52 & keep;
    for (unsigned j = 0; j < NUMBER_BYTES / 8; j++) {
        unsigned i = 64 * j / 52, bit = 64 * j % 52;
        uint64_t x = d[i] >> bit | d[i + 1] << (52 - bit);
        if (bit > 40) x |= d[i + 2] << (104 - bit);
        x = __builtin_bswap64(x);
        memcpy(bytes + NUMBER_BYTES - 8 * (j + 1), &x, sizeof x);
    }
    LK_WIPE(d);
}

#endif
