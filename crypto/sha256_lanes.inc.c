/* sha256_lanes: SHA-256 over lanes of 32 bits. An instance (sha256_lanes_ifma.c,
 * sha256_lanes_ref.c) has the type `words`, WORDS of them, and what can be done with them, before
 * this file. */
#include <string.h>

#include "crypto/ct.h"
#include "crypto/sha256_lanes.h"

#define BLOCK_BYTES 64
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

/* Round i of sixteen, the roles of the eight words going round instead of the words. */
static inline void one_round(words s[STATE_WORDS], unsigned i, words w, const uint32_t *constant)
{
#define ROLE(r) s[((r) - i) % STATE_WORDS]
    words e = ROLE(20), a = ROLE(16);
    words t = words_add(words_add(ROLE(23), words_all(constant)), w);
    t = words_add(t, words_add(big_sigma1(e), words_choose(e, ROLE(21), ROLE(22))));
    ROLE(19) = words_add(ROLE(19), t);
    ROLE(23) = words_add(t, words_add(big_sigma0(a), words_majority(a, ROLE(17), ROLE(18))));
#undef ROLE
}

/* Word i of the next sixteen of the schedule, in the place of the same of these. */
static inline words schedule(words w[BLOCK_WORDS], unsigned i)
{
    words before = words_add(w[i], w[(i + 9) % BLOCK_WORDS]);
    w[i] = words_add(before, words_add(small_sigma0(w[(i + 1) % BLOCK_WORDS]),
                                       small_sigma1(w[(i + 14) % BLOCK_WORDS])));
    return w[i];
}

/* Each word of the schedule is made right before its round: the two are chains that do not wait for
 * one another, and side by side they take a quarter less than one after the other. The schedule is
 * left in w. */
static void compress(words state[STATE_WORDS], words w[BLOCK_WORDS])
{
    words s[STATE_WORDS];
    memcpy(s, state, sizeof s);
    UNROLL
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        one_round(s, i, w[i], &round_constant[i]);
    for (unsigned first = BLOCK_WORDS; first < 64; first += BLOCK_WORDS) {
        UNROLL
        for (unsigned i = 0; i < BLOCK_WORDS; i++)
            one_round(s, i, schedule(w, i), &round_constant[first + i]);
    }
    for (unsigned i = 0; i < STATE_WORDS; i++)
        state[i] = words_add(state[i], s[i]);
}

/* --- one hash a lane ----------------------------------------------------------------------------
 */

static const uint32_t initial[STATE_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* A bit, zeros, and how many bits there were, `before` bytes included that were hashed already. */
static void pad(uint8_t *message, size_t len, size_t blocks, size_t before)
{
    size_t end = blocks * BLOCK_BYTES;
    uint32_t bits = __builtin_bswap32((uint32_t)(8 * (before + len)));
    memset(message + len, 0, end - len);
    message[len] = 0x80;
    memcpy(message + end - sizeof bits, &bits, sizeof bits);
}

static size_t blocks_of(size_t len)
{
    return (len + 9 + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/* Lanes behind the last message repeat it. A lane whose message has ended keeps what it has. */
static void hash(struct lk_sha256_job *job, unsigned count)
{
    const uint8_t *row[WORDS];
    uint8_t *digest[WORDS];
    words state[STATE_WORDS], w[BLOCK_WORDS];
    size_t blocks = 0;
    for (unsigned l = 0; l < count; l++) {
        size_t own = blocks_of(job[l].len);
        pad(job[l].message, job[l].len, own, 0);
        if (own > blocks) blocks = own;
        digest[l] = job[l].digest;
    }
    for (unsigned i = 0; i < STATE_WORDS; i++)
        state[i] = words_all(&initial[i]);
    for (size_t b = 0; b < blocks; b++) {
        words next[STATE_WORDS], more;
        for (unsigned l = 0; l < WORDS; l++) {
            const struct lk_sha256_job *one = &job[l < count ? l : count - 1];
            uint32_t on = blocks_of(one->len) > b ? UINT32_MAX : 0;
            memcpy((uint8_t *)&more + l * sizeof on, &on, sizeof on);
            row[l] = one->message + b * BLOCK_BYTES;
        }
        memcpy(next, state, sizeof next);
        rows_load(w, row, true);
        compress(next, w);
        for (unsigned i = 0; i < STATE_WORDS; i++)
            state[i] = words_choose(more, next[i], state[i]);
    }
    rows_store(digest, count, state);
    words_leave();
}

/* --- HMAC ---------------------------------------------------------------------------------------
 */

/* The last words of the second block of each inner hash: words 9 and on, of which the first has the
 * message's last byte, the byte that tells both messages apart, and the bit behind. */
#define LAST_WORD ((LK_HMAC_LANES_BYTES - BLOCK_BYTES) / 4)
#define APART_SHIFT (8 * (3 - (LK_HMAC_LANES_BYTES - BLOCK_BYTES) % 4))

struct hmac {
    words key[2 * STATE_WORDS]; /* after the key's block: of the inner hash, of the outer */
    words inner[STATE_WORDS], outer[STATE_WORDS];
    words first[BLOCK_WORDS], second[BLOCK_WORDS], w[BLOCK_WORDS];
};

/* The block of the outer hash: the inner digest. */
static void digest_block(words w[BLOCK_WORDS], const words digest[STATE_WORDS])
{
    static const uint32_t end[BLOCK_WORDS - STATE_WORDS] = {
        0x80000000, 0, 0, 0, 0, 0, 0, 8 * (BLOCK_BYTES + LK_SHA256_BYTES)};
    memcpy(w, digest, STATE_WORDS * sizeof w[0]);
    for (unsigned i = STATE_WORDS; i < BLOCK_WORDS; i++)
        w[i] = words_all(&end[i - STATE_WORDS]);
}

static void hmac_load(struct hmac *h, struct lk_hmac_job *job, unsigned count)
{
    const uint8_t *key[WORDS], *first[WORDS], *second[WORDS];
    _Static_assert(sizeof *job->key == BLOCK_BYTES, "both states of a key are a row");
    for (unsigned l = 0; l < count; l++) {
        job[l].message[LK_HMAC_LANES_BYTES] = 0;
        pad(job[l].message, LK_HMAC_LANES_BYTES + 1, 2, BLOCK_BYTES);
    }
    for (unsigned l = 0; l < WORDS; l++) {
        const struct lk_hmac_job *one = &job[l < count ? l : count - 1];
        key[l] = (const uint8_t *)one->key;
        first[l] = one->message;
        second[l] = one->message + BLOCK_BYTES;
    }
    rows_load(h->key, key, false);
    rows_load(h->first, first, true);
    rows_load(h->second, second, true);
}

/* What both messages begin with is hashed once. */
static void hmac(struct lk_hmac_job *job, unsigned count)
{
    static const uint32_t apart[2] = {0, UINT32_C(1) << APART_SHIFT};
    struct hmac h;
    hmac_load(&h, job, count);
    compress(h.key, h.first);
    for (unsigned half = 0; half < 2; half++) {
        uint8_t *mac[WORDS];
        for (unsigned l = 0; l < count; l++)
            mac[l] = job[l].mac + half * LK_SHA256_BYTES;
        memcpy(h.inner, h.key, sizeof h.inner);
        memcpy(h.outer, h.key + STATE_WORDS, sizeof h.outer);
        memcpy(h.w, h.second, sizeof h.w);
        h.w[LAST_WORD] = words_add(h.w[LAST_WORD], words_all(&apart[half]));
        compress(h.inner, h.w);
        digest_block(h.w, h.inner);
        compress(h.outer, h.w);
        rows_store(mac, count, h.outer);
    }
    words_leave();
    LK_WIPE(h);
}
