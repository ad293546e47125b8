#include "crypto/rsa/rsa_pad.h"

#include <string.h>

#include "crypto/ct.h"
#include "crypto/hash.h"

/* DigestInfo up to the digest (RFC 8017 9.2, note 1): the object identifiers differ in one byte. */
#define PREFIX_BYTES 19
static const uint8_t prefix[][PREFIX_BYTES] = {
    {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
     0x00, 0x04, 0x20},
    {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
     0x00, 0x04, 0x30},
    {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
     0x00, 0x04, 0x40},
};

bool lk_rsa_pad_pkcs1(unsigned hash, const uint8_t *digest, uint8_t *em, size_t k)
{
    if (hash >= sizeof prefix / sizeof prefix[0]) return false;
    size_t bytes = lk_hash_bytes(hash), info = PREFIX_BYTES + bytes;
    if (k < info + 11) return false;
    em[0] = 0;
    em[1] = 1;
    memset(em + 2, 0xff, k - info - 3);
    em[k - info - 1] = 0;
    memcpy(em + k - info, prefix[hash], PREFIX_BYTES);
    memcpy(em + k - bytes, digest, bytes);
    return true;
}

/* to[len] ^= MGF1(seed), the mask generation function of RFC 8017 B.2.1. */
static void mask_add(unsigned hash, const uint8_t *seed, uint8_t *to, size_t len)
{
    uint8_t block[LK_HASH_BYTES_MAX];
    size_t bytes = lk_hash_bytes(hash);
    for (uint32_t i = 0; len > 0; i++) {
        uint8_t count[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        struct lk_piece pieces[] = {{seed, bytes}, {count, sizeof count}};
        lk_hash_pieces(hash, pieces, 2, block);
        size_t take = len < bytes ? len : bytes;
        for (size_t j = 0; j < take; j++)
            to[j] ^= block[j];
        to += take;
        len -= take;
    }
}

bool lk_rsa_pad_pss(unsigned hash, const uint8_t *digest, const uint8_t *salt, uint32_t bits,
                    uint8_t *em, size_t k)
{
    if (hash >= sizeof prefix / sizeof prefix[0] || k != ((size_t)bits + 7) / 8) return false;
    size_t bytes = lk_hash_bytes(hash), em_bytes = ((size_t)bits + 6) / 8;
    if (em_bytes < 2 * bytes + 2) return false;
    em[0] = 0; /* a modulus of 8i + 1 bits has an encoding one byte shorter than itself */
    em += k - em_bytes;
    static const uint8_t zeros[8];
    struct lk_piece pieces[] = {{zeros, sizeof zeros}, {digest, bytes}, {salt, bytes}};
    size_t db_bytes = em_bytes - bytes - 1;
    uint8_t *h = em + db_bytes;
    lk_hash_pieces(hash, pieces, 3, h);
    memset(em, 0, db_bytes - bytes - 1);
    em[db_bytes - bytes - 1] = 1;
    memcpy(em + db_bytes - bytes, salt, bytes);
    mask_add(hash, h, em, db_bytes);
    em[0] &= (uint8_t)(0xffu >> (8 * em_bytes - ((size_t)bits - 1)));
    em[em_bytes - 1] = 0xbc;
    return true;
}

/* The premaster a bad ciphertext gets: a function of key and ciphertext, so that asking twice tells
 * nothing. The label differs per version so that asking under two versions tells nothing either. */
static void stand_in(const uint8_t *c, size_t k, const uint8_t d_hash[32],
                     enum lk_premaster_versions versions, uint8_t premaster[LK_PREMASTER_BYTES])
{
    static const uint8_t bits[2] = {368 >> 8, 368 & 255};
    bool tls = (versions & LK_PREMASTER_TLS) != 0;
    const char *label = tls ? "premaster" : "premaster dtls";
    uint8_t kdk[32], part[2][32];
    lk_hmac(0, d_hash, 32, &(struct lk_piece){c, k}, 1, kdk);
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t count[2] = {0, i};
        struct lk_piece pieces[] = {{count, 2}, {label, strlen(label)}, {bits, 2}};
        lk_hmac(0, kdk, sizeof kdk, pieces, 3, part[i]);
    }
    premaster[0] = tls ? 0x03 : 0xfe;
    premaster[1] = tls ? 0x03 : 0xfd;
    memcpy(premaster + 2, part[0], 32);
    memcpy(premaster + 34, part[1], LK_PREMASTER_BYTES - 34);
    LK_WIPE(kdk);
    LK_WIPE(part);
}

/* All ones when c < n. */
static uint32_t is_below(const uint8_t *c, const uint8_t *n, size_t k)
{
    uint32_t borrow = 0;
    for (size_t i = k; i-- > 0;)
        borrow = ((uint32_t)c[i] - n[i] - borrow) >> 31;
    return 0u - borrow;
}

static uint32_t version_good(const uint8_t *at, enum lk_premaster_versions versions)
{
    uint32_t v = (uint32_t)at[0] << 8 | at[1], good = 0;
    if (versions & LK_PREMASTER_TLS) good |= lk_ct_is_equal(v, 0x0303);
    if (versions & LK_PREMASTER_DTLS) good |= lk_ct_is_equal(v, 0xfefd);
    return good;
}

void lk_rsa_premaster(const uint8_t *m, const uint8_t *c, const uint8_t *n, size_t k,
                      const uint8_t d_hash[32], enum lk_premaster_versions versions,
                      uint8_t premaster[LK_PREMASTER_BYTES])
{
    const uint8_t *inside = m + k - LK_PREMASTER_BYTES;
    uint32_t good = lk_ct_is_zero(m[0]) & lk_ct_is_equal(m[1], 2) & is_below(c, n, k);
    for (size_t i = 2; i < k - LK_PREMASTER_BYTES - 1; i++)
        good &= ~lk_ct_is_zero(m[i]);
    good &= lk_ct_is_zero(inside[-1]) & version_good(inside, versions);
    stand_in(c, k, d_hash, versions, premaster);
    for (size_t i = 0; i < LK_PREMASTER_BYTES; i++)
        premaster[i] = (uint8_t)lk_ct_select(good, inside[i], premaster[i]);
}
