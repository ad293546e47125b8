/* hmac_lanes: SHA-256 over lanes of 32 bits. An instance (hmac_lanes_ifma.c, hmac_lanes_ref.c) has
 * the type `words`, WORDS of them, and what can be done with them, before this file. */
#include <string.h>

#include "crypto/ct.h"
#include "crypto/hmac_lanes.h"

#define BLOCK_WORDS 16
#define STATE_WORDS 8

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline words big_sigma0(words a)
{
    return words_xor3(words_rotate(a, 2), words_rotate(a, 13), words_rotate(a, 22));
}
static inline words big_sigma1(words e)
{
    return words_xor3(words_rotate(e, 6), words_rotate(e, 11), words_rotate(e, 25));
}
static inline words small_sigma0(words w)
{
    return words_xor3(words_rotate(w, 7), words_rotate(w, 18), words_shift(w, 3));
}
static inline words small_sigma1(words w)
{
    return words_xor3(words_rotate(w, 17), words_rotate(w, 19), words_shift(w, 10));
}
/* e ? f : g; two of three. */
static inline words choose(words e, words f, words g)
{
    return words_xor(g, words_and(e, words_xor(f, g)));
}
static inline words majority(words a, words b, words c)
{
    return words_or(words_and(a, b), words_and(c, words_or(a, b)));
}

/* Sixteen rounds, the roles of the eight words going round instead of the words. w becomes the
 * schedule of the next sixteen, unless these are the last. */
static inline void rounds(words s[STATE_WORDS], words w[BLOCK_WORDS], unsigned first)
{
#define ROLE(i, r) s[((r) - (i)) % STATE_WORDS]
    UNROLL
    for (unsigned i = 0; i < BLOCK_WORDS; i++) {
        words e = ROLE(i, 20), a = ROLE(i, 16);
        words t = words_add(words_add(ROLE(i, 23), words_all(&round_constant[first + i])), w[i]);
        t = words_add(t, words_add(big_sigma1(e), choose(e, ROLE(i, 21), ROLE(i, 22))));
        ROLE(i, 19) = words_add(ROLE(i, 19), t);
        ROLE(i, 23) = words_add(t, words_add(big_sigma0(a), majority(a, ROLE(i, 17), ROLE(i, 18))));
    }
#undef ROLE
}

static inline void schedule(words w[BLOCK_WORDS])
{
    UNROLL
    for (unsigned i = 0; i < BLOCK_WORDS; i++) {
        words before = words_add(w[i], w[(i + 9) % BLOCK_WORDS]);
        w[i] = words_add(before, words_add(small_sigma0(w[(i + 1) % BLOCK_WORDS]),
                                           small_sigma1(w[(i + 14) % BLOCK_WORDS])));
    }
}

static void compress(words state[STATE_WORDS], words w[BLOCK_WORDS])
{
    words s[STATE_WORDS];
    memcpy(s, state, sizeof s);
    for (unsigned first = 0; first < 64; first += BLOCK_WORDS) {
        if (first > 0) schedule(w);
        rounds(s, w, first);
    }
    for (unsigned i = 0; i < STATE_WORDS; i++)
        state[i] = words_add(state[i], s[i]);
}

/* --- lanes --------------------------------------------------------------------------------------
 */

static void word_put(words *to, unsigned lane, uint32_t word)
{
    memcpy((uint8_t *)to + lane * sizeof word, &word, sizeof word);
}

static uint32_t word_get(const words *from, unsigned lane)
{
    uint32_t word;
    memcpy(&word, (const uint8_t *)from + lane * sizeof word, sizeof word);
    return word;
}

static void state_load(words state[STATE_WORDS], const struct lk_hmac_job *job, unsigned count,
                       bool outer)
{
    for (unsigned l = 0; l < WORDS; l++) {
        const struct lk_hmac_states *key = job[l < count ? l : count - 1].key;
        for (unsigned i = 0; i < STATE_WORDS; i++)
            word_put(&state[i], l, outer ? key->outer[i] : key->inner[i]);
    }
}

/* Both blocks of the inner hash: the message, a bit, zeros, and how many bits there were with the
 * key's block before. */
static void blocks_load(words w[2 * BLOCK_WORDS], const struct lk_hmac_job *job, unsigned count)
{
    uint8_t block[2 * 4 * BLOCK_WORDS] = {0};
    uint32_t bits = __builtin_bswap32(8 * (64 + LK_HMAC_LANES_BYTES));
    block[LK_HMAC_LANES_BYTES] = 0x80;
    memcpy(block + sizeof block - sizeof bits, &bits, sizeof bits);
    for (unsigned l = 0; l < WORDS; l++) {
        memcpy(block, job[l < count ? l : count - 1].message, LK_HMAC_LANES_BYTES);
        for (unsigned i = 0; i < 2 * BLOCK_WORDS; i++) {
            uint32_t word;
            memcpy(&word, block + i * sizeof word, sizeof word);
            word_put(&w[i], l, __builtin_bswap32(word));
        }
    }
    LK_WIPE(block);
}

/* The block of the outer hash: the inner digest. */
static void digest_block(words w[BLOCK_WORDS], const words digest[STATE_WORDS])
{
    static const uint32_t end[BLOCK_WORDS - STATE_WORDS] = {
        0x80000000, 0, 0, 0, 0, 0, 0, 8 * (64 + LK_SHA256_BYTES)};
    memcpy(w, digest, STATE_WORDS * sizeof w[0]);
    for (unsigned i = STATE_WORDS; i < BLOCK_WORDS; i++)
        w[i] = words_all(&end[i - STATE_WORDS]);
}

struct hmac {
    words inner[STATE_WORDS], outer[STATE_WORDS], w[2 * BLOCK_WORDS];
};

static void run(const struct lk_hmac_job *job, unsigned count)
{
    struct hmac h;
    state_load(h.inner, job, count, false);
    state_load(h.outer, job, count, true);
    blocks_load(h.w, job, count);
    compress(h.inner, h.w);
    compress(h.inner, h.w + BLOCK_WORDS);
    digest_block(h.w, h.inner);
    compress(h.outer, h.w);
    for (unsigned l = 0; l < count; l++)
        for (unsigned i = 0; i < STATE_WORDS; i++) {
            uint32_t word = __builtin_bswap32(word_get(&h.outer[i], l));
            memcpy(job[l].mac + i * sizeof word, &word, sizeof word);
        }
    words_leave();
    LK_WIPE(h);
}
