#include "crypto/kdf.h"

#include <string.h>

#include "crypto/ct.h"

#define SEED_PIECES_MAX 6

/* P_hash of RFC 5246 5. The key blocks are hashed once for the whole chain, which is most of the
 * difference to a keyed digest per step. pieces[0] is the place of A(i), the seed follows. */
static void expand(const struct lk_hmac_key *key, struct lk_piece *pieces, size_t count,
                   uint8_t *out, size_t out_len)
{
    size_t bytes = lk_hash_bytes(key->inner.hash);
    uint8_t a[LK_HASH_BYTES_MAX], part[LK_HASH_BYTES_MAX];
    lk_hmac_keyed(key, pieces + 1, count - 1, a);
    pieces[0] = (struct lk_piece){a, bytes};
    while (out_len > 0) {
        size_t take = out_len < bytes ? out_len : bytes;
        lk_hmac_keyed(key, pieces, count, part);
        memcpy(out, part, take);
        out += take;
        out_len -= take;
        if (out_len > 0) lk_hmac_keyed(key, pieces, 1, a);
    }
    LK_WIPE(a);
    LK_WIPE(part);
}

void lk_tls12_prf(unsigned hash, const void *secret, size_t secret_len, const char *label,
                  const struct lk_piece *seed, size_t seed_count, uint8_t *out, size_t out_len)
{
    struct lk_piece pieces[2 + SEED_PIECES_MAX];
    if (seed_count > SEED_PIECES_MAX) __builtin_trap(); /* callers name their pieces in code */
    pieces[1] = (struct lk_piece){label, strlen(label)};
    for (size_t i = 0; i < seed_count; i++)
        pieces[2 + i] = seed[i];
    struct lk_hmac_key key;
    lk_hmac_key_init(&key, hash, secret, secret_len);
    expand(&key, pieces, 2 + seed_count, out, out_len);
    LK_WIPE(key);
}
