#include "crypto/hash.h"

#include <openssl/sha.h>
#include <string.h>

#include "crypto/ct.h"

/* The low-level functions are marked deprecated, but they are the library's SHA-2 code without a
 * fetch, a lock or an allocation around each digest. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define BLOCK_BYTES_MAX 128

_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct lk_hash_state *)0)->opaque), "state fits");
_Static_assert(sizeof(SHA512_CTX) <= sizeof(((struct lk_hash_state *)0)->opaque), "state fits");

static void start256(void *state)
{
    SHA256_Init(state);
}

static void add256(void *state, const void *data, size_t len)
{
    SHA256_Update(state, data, len);
}

static void finish256(void *state, uint8_t *out)
{
    SHA256_Final(out, state);
}

static void start384(void *state)
{
    SHA384_Init(state);
}

static void start512(void *state)
{
    SHA512_Init(state);
}

static void add512(void *state, const void *data, size_t len)
{
    SHA512_Update(state, data, len);
}

/* Writes as many bytes as the start asked for. */
static void finish512(void *state, uint8_t *out)
{
    SHA512_Final(out, state);
}

static const struct hash_row {
    size_t bytes;
    size_t block_bytes;
    void (*start)(void *state);
    void (*add)(void *state, const void *data, size_t len);
    void (*finish)(void *state, uint8_t *out);
} rows[] = {
    {32, 64, start256, add256, finish256},
    {48, 128, start384, add512, finish512},
    {64, 128, start512, add512, finish512},
};

/* Numbers come from the program's own tables; one that is not in the table has no digest. */
static const struct hash_row *row_of(unsigned hash)
{
    if (hash >= sizeof rows / sizeof rows[0]) __builtin_trap();
    return &rows[hash];
}

size_t lk_hash_bytes(unsigned hash)
{
    return row_of(hash)->bytes;
}

void lk_hash_start(struct lk_hash_state *state, unsigned hash)
{
    state->hash = hash;
    row_of(hash)->start(state->opaque);
}

void lk_hash_add(struct lk_hash_state *state, const void *data, size_t len)
{
    if (len > 0) row_of(state->hash)->add(state->opaque, data, len);
}

void lk_hash_finish(struct lk_hash_state *state, uint8_t *out)
{
    row_of(state->hash)->finish(state->opaque, out);
    LK_WIPE(*state);
}

void lk_hash(unsigned hash, const void *data, size_t len, uint8_t *out)
{
    struct lk_hash_state state;
    lk_hash_start(&state, hash);
    lk_hash_add(&state, data, len);
    lk_hash_finish(&state, out);
}

void lk_sha256(const void *data, size_t len, uint8_t out[LK_SHA256_BYTES])
{
    lk_hash(0, data, len, out);
}

void lk_sha1(const void *data, size_t len, uint8_t out[LK_SHA1_BYTES])
{
    SHA_CTX state;
    SHA1_Init(&state);
    SHA1_Update(&state, data, len);
    SHA1_Final(out, &state);
}

static void add_pieces(struct lk_hash_state *state, const struct lk_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        lk_hash_add(state, pieces[i].data, pieces[i].len);
}

void lk_hash_pieces(unsigned hash, const struct lk_piece *pieces, size_t count, uint8_t *out)
{
    struct lk_hash_state state;
    lk_hash_start(&state, hash);
    add_pieces(&state, pieces, count);
    lk_hash_finish(&state, out);
}

static void start_padded(struct lk_hash_state *state, unsigned hash, uint8_t *block, uint8_t pad)
{
    for (size_t i = 0; i < row_of(hash)->block_bytes; i++)
        block[i] ^= pad;
    lk_hash_start(state, hash);
    lk_hash_add(state, block, row_of(hash)->block_bytes);
}

void lk_hmac_key_init(struct lk_hmac_key *key, unsigned hash, const void *secret, size_t len)
{
    uint8_t block[BLOCK_BYTES_MAX] = {0};
    if (len > row_of(hash)->block_bytes)
        lk_hash(hash, secret, len, block);
    else if (len > 0)
        memcpy(block, secret, len);
    start_padded(&key->inner, hash, block, 0x36);
    start_padded(&key->outer, hash, block, 0x36 ^ 0x5c); /* takes the first pad off again */
    LK_WIPE(block);
}

void lk_hmac_keyed(const struct lk_hmac_key *key, const struct lk_piece *pieces, size_t count,
                   uint8_t *out)
{
    uint8_t digest[LK_HASH_BYTES_MAX];
    struct lk_hash_state state = key->inner;
    add_pieces(&state, pieces, count);
    lk_hash_finish(&state, digest);
    state = key->outer;
    lk_hash_add(&state, digest, lk_hash_bytes(key->outer.hash));
    lk_hash_finish(&state, out);
    LK_WIPE(digest);
}

void lk_hmac(unsigned hash, const void *key, size_t key_len, const struct lk_piece *pieces,
             size_t count, uint8_t *out)
{
    struct lk_hmac_key taken;
    lk_hmac_key_init(&taken, hash, key, key_len);
    lk_hmac_keyed(&taken, pieces, count, out);
    LK_WIPE(taken);
}

void lk_hmac_states_init(struct lk_hmac_states *states, const void *secret, size_t len)
{
    struct lk_hmac_key key;
    SHA256_CTX context;
    lk_hmac_key_init(&key, 0, secret, len);
    memcpy(&context, key.inner.opaque, sizeof context);
    memcpy(states->inner, context.h, sizeof states->inner);
    memcpy(&context, key.outer.opaque, sizeof context);
    memcpy(states->outer, context.h, sizeof states->outer);
    LK_WIPE(key);
    LK_WIPE(context);
}
