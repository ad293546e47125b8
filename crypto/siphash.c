#include "crypto/siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t load_le(const uint8_t *p, size_t count)
{
    uint64_t v = 0;
    for (size_t i = 0; i < count; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void rounds(struct state *s, unsigned count)
{
    while (count-- > 0) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
    }
}

static void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

uint64_t lk_siphash(const struct lk_siphash_key *key, const void *data, size_t len)
{
    const uint8_t *at = data;
    struct state s = {
        .v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t left = len;
    for (; left >= 8; left -= 8, at += 8)
        absorb(&s, load_le(at, 8));
    absorb(&s, load_le(at, left) | (uint64_t)(len & 0xff) << 56);
    s.v2 ^= 0xff;
    rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void lk_siphash_many_plain(const struct lk_siphash_key *key, const struct lk_piece *message,
                           unsigned count, uint64_t *hash)
{
    for (unsigned i = 0; i < count; i++)
        hash[i] = lk_siphash(key, message[i].data, message[i].len);
}
