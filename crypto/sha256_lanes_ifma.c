/* SHA-256 in sixteen lanes of AVX-512. */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define WORDS 16
#define UNROLL _Pragma("GCC unroll 16")

typedef __m512i words;

static inline words words_all(const uint32_t *x)
{
    return _mm512_set1_epi32((int)*x);
}
static inline words words_add(words a, words b)
{
    return _mm512_add_epi32(a, b);
}
/* Bit 4a + 2b + c of the table: what a, b, c become. */
static inline words words_xor3(words a, words b, words c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
/* e ? f : g. */
static inline words words_choose(words e, words f, words g)
{
    return _mm512_ternarylogic_epi32(e, f, g, 0xca);
}
/* Two of three. */
static inline words words_majority(words a, words b, words c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0xe8);
}
#define words_rotate(x, n) _mm512_ror_epi32(x, n)
#define words_shift(x, n) _mm512_srli_epi32(x, n)
static inline void words_leave(void)
{
    _mm256_zeroupper();
}

/* Rows become columns, 16 by 16: words within pieces of 128 bits, then those pieces. */
static inline void transpose(words r[WORDS])
{
    words t[WORDS], u[WORDS];
    UNROLL
    for (unsigned i = 0; i < WORDS; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL
    for (unsigned i = 0; i < WORDS; i += 4) {
        u[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    UNROLL
    for (unsigned i = 0; i < 4; i++) { /* 88: pieces 0 and 2 of both, dd: 1 and 3 */
        words a = _mm512_shuffle_i32x4(u[i], u[4 + i], 0x88);
        words b = _mm512_shuffle_i32x4(u[8 + i], u[12 + i], 0x88);
        words c = _mm512_shuffle_i32x4(u[i], u[4 + i], 0xdd);
        words d = _mm512_shuffle_i32x4(u[8 + i], u[12 + i], 0xdd);
        r[i] = _mm512_shuffle_i32x4(a, b, 0x88);
        r[4 + i] = _mm512_shuffle_i32x4(c, d, 0x88);
        r[8 + i] = _mm512_shuffle_i32x4(a, b, 0xdd);
        r[12 + i] = _mm512_shuffle_i32x4(c, d, 0xdd);
    }
}

/* The other order of bytes within each word. */
static inline words words_swap(words x)
{
    const __m128i order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    return _mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(order));
}
static inline void rows_load(words to[WORDS], const uint8_t *const row[WORDS], bool big_endian)
{
    UNROLL
    for (unsigned l = 0; l < WORDS; l++) {
        words x = _mm512_loadu_si512(row[l]);
        to[l] = big_endian ? words_swap(x) : x;
    }
    transpose(to);
}
static inline void rows_store(uint8_t *const row[WORDS], unsigned count, const words from[8])
{
    words r[WORDS];
    UNROLL
    for (unsigned i = 0; i < WORDS; i++)
        r[i] = i < 8 ? words_swap(from[i]) : _mm512_setzero_si512();
    transpose(r);
    for (unsigned l = 0; l < count; l++)
        _mm256_storeu_si256((__m256i *)(void *)row[l], _mm512_castsi512_si256(r[l]));
}

#include "crypto/sha256_lanes.inc.c"

const struct lk_sha256_kernel lk_sha256_x16_ifma = {"ifma", LK_CPU_IFMA, WORDS, hash, hmac};
