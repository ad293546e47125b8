/* HMAC-SHA-256 in two lanes of plain C: the model, for tests, for memcheck, and to read. */
#include <stdint.h>

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
static inline words words_and(words a, words b)
{
    EACH_WORD(a.x[i] & b.x[i]);
}
static inline words words_or(words a, words b)
{
    EACH_WORD(a.x[i] | b.x[i]);
}
static inline words words_xor(words a, words b)
{
    EACH_WORD(a.x[i] ^ b.x[i]);
}
static inline words words_xor3(words a, words b, words c)
{
    EACH_WORD(a.x[i] ^ b.x[i] ^ c.x[i]);
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

#include "crypto/hmac_lanes.inc.c"

const struct lk_hmac_kernel lk_hmac_x2_ref = {"ref", LK_CPU_FEATURE_COUNT, WORDS, run};
