/* SHA-256 in two lanes of plain C: the model, for tests, for memcheck, and to read. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORDS 2
#define UNROLL

typedef struct {
    uint32_t x[WORDS];
} words;

#define EACH_WORD(expression)                                                                      \
    words r;                                                                                       \
    for (int i = 0; i < WORDS; i++)                                                                \
        r.x[i] = (expression);                                                                     \
    return r

static inline words words_all(const uint32_t *x)
{
    EACH_WORD(*x);
}
static inline words words_add(words a, words b)
{
    EACH_WORD(a.x[i] + b.x[i]);
}
static inline words words_xor3(words a, words b, words c)
{
    EACH_WORD(a.x[i] ^ b.x[i] ^ c.x[i]);
}
/* e ? f : g. */
static inline words words_choose(words a, words b, words c)
{
    EACH_WORD((a.x[i] & b.x[i]) | (~a.x[i] & c.x[i]));
}
/* Two of three. */
static inline words words_majority(words a, words b, words c)
{
    EACH_WORD((a.x[i] & b.x[i]) | (a.x[i] & c.x[i]) | (b.x[i] & c.x[i]));
}
static inline words words_rotate(words a, unsigned n)
{
    EACH_WORD(a.x[i] >> n | a.x[i] << (32 - n));
}
static inline words words_shift(words a, unsigned n)
{
    EACH_WORD(a.x[i] >> n);
}
static inline void words_leave(void)
{
}

/* Sixteen words of each lane. */
static inline void rows_load(words to[16], const uint8_t *const row[WORDS], bool big_endian)
{
    for (unsigned i = 0; i < 16; i++)
        for (unsigned l = 0; l < WORDS; l++) {
            uint32_t word;
            memcpy(&word, row[l] + i * sizeof word, sizeof word);
            to[i].x[l] = big_endian ? __builtin_bswap32(word) : word;
        }
}
/* Eight words of each lane, big-endian. */
static inline void rows_store(uint8_t *const row[WORDS], unsigned count, const words from[8])
{
    for (unsigned i = 0; i < 8; i++)
        for (unsigned l = 0; l < count; l++) {
            uint32_t word = __builtin_bswap32(from[i].x[l]);
            memcpy(row[l] + i * sizeof word, &word, sizeof word);
        }
}

#include "crypto/sha256_lanes.inc.c"

const struct lk_sha256_kernel lk_sha256_x2_ref = {"ref", LK_CPU_FEATURE_COUNT, WORDS, hash, hmac};
