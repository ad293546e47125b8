/* random: S, which the key server sees, and F(S), which the TLS peer sees; names of keys. */
#include <string.h>

#include "core/base/limits.h"
#include "core/policy/freshness.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "tools/liblurk/message.h"

_Static_assert(LURK_RANDOM_BYTES == LK_RANDOM_BYTES && LURK_MASTER_BYTES == LK_MASTER_BYTES &&
                   LURK_KEY_ID_BYTES == LK_KEY_ID_BYTES && LURK_HEADER_BYTES == LK_HEADER_BYTES &&
                   LURK_MESSAGE_BYTES_MAX == LK_MESSAGE_BYTES_MAX,
               "the installed header and the wire agree");

int lurk_tls13_s_draw(uint8_t s[LURK_RANDOM_BYTES])
{
    return lk_rng_system(s, LURK_RANDOM_BYTES) ? LURK_OK : LURK_ERR_CRYPTO;
}

int lurk_tls12_s_draw(uint32_t unix_s, enum lurk_mark mark, uint8_t s[LURK_RANDOM_BYTES])
{
    static const uint8_t marks[][8] = {
        [LURK_MARK_TLS12] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01},
        [LURK_MARK_TLS11] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x00}};
    if ((unsigned)mark > LURK_MARK_TLS11) return LURK_ERR_ARGUMENT;
    if (!lk_rng_system(s, LURK_RANDOM_BYTES)) return LURK_ERR_CRYPTO;
    struct lk_writer w = lk_writer_of(s, LURK_RANDOM_BYTES);
    lk_writer_u32(&w, unix_s);
    if (mark != LURK_MARK_NONE) memcpy(s + LURK_RANDOM_BYTES - 8, marks[mark], 8);
    return LURK_OK;
}

void lurk_tls12_hello_random(const uint8_t s[LURK_RANDOM_BYTES], uint8_t random[LURK_RANDOM_BYTES])
{
    lk_freshness_tls12(0, s, random);
}

int lurk_tls13_hello_random(uint8_t freshness, const uint8_t s[LURK_RANDOM_BYTES],
                            uint8_t random[LURK_RANDOM_BYTES])
{
    static const char label[] = "tls13 pfs srv"; /* lurk-tls13.md 3 */
    uint8_t h[LK_HASH_BYTES_MAX];
    if (freshness >= LK_HASH_COUNT) return LURK_ERR_ARGUMENT;
    const struct lk_piece pieces[] = {{s, LURK_RANDOM_BYTES}, {label, sizeof label - 1}};
    lk_hash_pieces(freshness, pieces, 2, h);
    memcpy(random, h, LURK_RANDOM_BYTES);
    LK_WIPE(h);
    return LURK_OK;
}

/* --- names ------------------------------------------------------------------------------------ */

static int first_four(struct lurk_bytes der, uint8_t out[4])
{
    uint8_t h[LK_SHA256_BYTES];
    if (der.data == NULL || der.len == 0) return LURK_ERR_ARGUMENT;
    lk_sha256(der.data, der.len, h);
    memcpy(out, h, 4);
    return LURK_OK;
}

int lurk_key_id(struct lurk_bytes spki, uint8_t id[LURK_KEY_ID_BYTES])
{
    return first_four(spki, id);
}

int lurk_fingerprint(struct lurk_bytes certificate, uint8_t fingerprint[4])
{
    return first_four(certificate, fingerprint);
}
