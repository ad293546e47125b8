/* SipHash-2-4 in eight lanes of AVX-512. One hash is a chain in which each step waits for the last;
 * eight side by side take little longer. */
#include <immintrin.h>

#include "crypto/siphash.h"

#define LANES LK_SIPHASH_MANY
#define WORDS 8 /* of a line, each 64 bits */
#define LINE_BYTES (WORDS * sizeof(uint64_t))
#define UNROLL _Pragma("GCC unroll 8")

typedef __m512i lane;

struct state {
    lane v0, v1, v2, v3;
};

static inline void round_(struct state *s)
{
    s->v0 = _mm512_add_epi64(s->v0, s->v1);
    s->v2 = _mm512_add_epi64(s->v2, s->v3);
    s->v1 = _mm512_xor_si512(_mm512_rol_epi64(s->v1, 13), s->v0);
    s->v3 = _mm512_xor_si512(_mm512_rol_epi64(s->v3, 16), s->v2);
    s->v0 = _mm512_rol_epi64(s->v0, 32);
    s->v2 = _mm512_add_epi64(s->v2, s->v1);
    s->v0 = _mm512_add_epi64(s->v0, s->v3);
    s->v1 = _mm512_xor_si512(_mm512_rol_epi64(s->v1, 17), s->v2);
    s->v3 = _mm512_xor_si512(_mm512_rol_epi64(s->v3, 21), s->v0);
    s->v2 = _mm512_rol_epi64(s->v2, 32);
}

/* A word of each lane that has one more. */
static inline void absorb(struct state *s, lane word, __mmask8 more)
{
    struct state t = *s;
    t.v3 = _mm512_xor_si512(t.v3, word);
    round_(&t);
    round_(&t);
    t.v0 = _mm512_xor_si512(t.v0, word);
    s->v0 = _mm512_mask_mov_epi64(s->v0, more, t.v0);
    s->v1 = _mm512_mask_mov_epi64(s->v1, more, t.v1);
    s->v2 = _mm512_mask_mov_epi64(s->v2, more, t.v2);
    s->v3 = _mm512_mask_mov_epi64(s->v3, more, t.v3);
}

/* Rows become columns: words within pieces of 128 bits, then those pieces. */
static inline void transpose(lane r[WORDS])
{
    lane t[WORDS];
    UNROLL
    for (unsigned i = 0; i < WORDS; i += 2) {
        t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
    UNROLL
    for (unsigned i = 0; i < 2; i++) { /* 88: pieces 0 and 2 of both, dd: 1 and 3 */
        lane a = _mm512_shuffle_i64x2(t[i], t[2 + i], 0x88);
        lane b = _mm512_shuffle_i64x2(t[4 + i], t[6 + i], 0x88);
        lane c = _mm512_shuffle_i64x2(t[i], t[2 + i], 0xdd);
        lane d = _mm512_shuffle_i64x2(t[4 + i], t[6 + i], 0xdd);
        r[i] = _mm512_shuffle_i64x2(a, b, 0x88);
        r[2 + i] = _mm512_shuffle_i64x2(c, d, 0x88);
        r[4 + i] = _mm512_shuffle_i64x2(a, b, 0xdd);
        r[6 + i] = _mm512_shuffle_i64x2(c, d, 0xdd);
    }
}

/* Bytes 64 line and on of a message, zeros behind its end. The word in which it ends has its length
 * on top, be it a word of nothing else. */
static inline lane line_load(const struct lk_piece *message, size_t line)
{
    size_t at = line * LINE_BYTES;
    if (message->len < at) return _mm512_setzero_si512();
    size_t left = message->len - at;
    __mmask64 bytes = left < LINE_BYTES ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
    lane x = _mm512_maskz_loadu_epi8(bytes, (const uint8_t *)message->data + at);
    if (left >= LINE_BYTES) return x;
    lane len = _mm512_set1_epi64((long long)((uint64_t)message->len << 56));
    return _mm512_mask_or_epi64(x, (__mmask8)(1u << left / sizeof(uint64_t)), x, len);
}

static inline lane finish(struct state *s)
{
    s->v2 = _mm512_xor_si512(s->v2, _mm512_set1_epi64(0xff));
    for (unsigned i = 0; i < 4; i++)
        round_(s);
    return _mm512_xor_si512(_mm512_xor_si512(s->v0, s->v1), _mm512_xor_si512(s->v2, s->v3));
}

static inline lane all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

/* Lanes behind the last message repeat it. */
void lk_siphash_many_ifma(const struct lk_siphash_key *key, const struct lk_piece *message,
                          unsigned count, uint64_t *hash)
{
    struct state s = {
        all(key->k0 ^ UINT64_C(0x736f6d6570736575)), all(key->k1 ^ UINT64_C(0x646f72616e646f6d)),
        all(key->k0 ^ UINT64_C(0x6c7967656e657261)), all(key->k1 ^ UINT64_C(0x7465646279746573))};
    uint64_t words[LANES], longest = 0;
    for (unsigned l = 0; l < LANES; l++) {
        words[l] = message[l < count ? l : count - 1].len / sizeof(uint64_t) + 1;
        if (words[l] > longest) longest = words[l];
    }
    lane ends = _mm512_loadu_si512(words);
    for (size_t first = 0; first < longest; first += WORDS) {
        lane w[LANES];
        for (unsigned l = 0; l < LANES; l++)
            w[l] = line_load(&message[l < count ? l : count - 1], first / WORDS);
        transpose(w);
        for (size_t i = 0; i < WORDS && first + i < longest; i++)
            absorb(&s, w[i], _mm512_cmpgt_epu64_mask(ends, all(first + i)));
    }
    uint64_t out[LANES];
    _mm512_storeu_si512(out, finish(&s));
    for (unsigned i = 0; i < count; i++)
        hash[i] = out[i];
    _mm256_zeroupper();
}
