#include "core/policy/freshness.h"

#include <string.h>

#include "crypto/ct.h"
#include "crypto/hash.h"

enum { FRESHNESS_SHA256 = 0, TIME_BYTES = 4, MARK_BYTES = 8 };

bool lk_freshness_known(uint8_t funct)
{
    return funct == FRESHNESS_SHA256;
}

/* The mark by which a server that knows TLS 1.3 says that it speaks 1.2 (RFC 8446 4.1.3). */
static bool downgrade_mark(const uint8_t *last8)
{
    static const uint8_t mark[MARK_BYTES - 1] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44};
    return memcmp(last8, mark, sizeof mark) == 0 && last8[MARK_BYTES - 1] <= 1;
}

void lk_freshness_tls12_text(const uint8_t s[LK_RANDOM_BYTES],
                             uint8_t text[LK_FRESHNESS_TLS12_TEXT_BYTES])
{
    static const char label[] = "tls12 pfs";
    _Static_assert(LK_RANDOM_BYTES + sizeof label - 1 == LK_FRESHNESS_TLS12_TEXT_BYTES, "both");
    memcpy(text, s, LK_RANDOM_BYTES);
    memcpy(text + LK_RANDOM_BYTES, label, sizeof label - 1);
}

void lk_freshness_tls12_of(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                           const uint8_t digest[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES])
{
    (void)funct;                                 /* the only one known */
    uint8_t time[TIME_BYTES], last8[MARK_BYTES]; /* fs may be s */
    memcpy(time, s, sizeof time);
    memcpy(last8, s + LK_RANDOM_BYTES - MARK_BYTES, sizeof last8);
    memcpy(fs, digest, LK_RANDOM_BYTES);
    memcpy(fs, time, sizeof time);
    if (downgrade_mark(last8)) memcpy(fs + LK_RANDOM_BYTES - MARK_BYTES, last8, sizeof last8);
}

void lk_freshness_tls12(uint8_t funct, const uint8_t s[LK_RANDOM_BYTES],
                        uint8_t fs[LK_RANDOM_BYTES])
{
    uint8_t text[LK_FRESHNESS_TLS12_TEXT_BYTES], digest[LK_SHA256_BYTES];
    lk_freshness_tls12_text(s, text);
    lk_sha256(text, sizeof text, digest);
    lk_freshness_tls12_of(funct, s, digest, fs);
}

void lk_freshness_tls13(uint8_t hash, const uint8_t s[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES])
{
    static const char label[] = "tls13 pfs srv";
    uint8_t h[LK_HASH_BYTES_MAX];
    struct lk_piece pieces[] = {{s, LK_RANDOM_BYTES}, {label, sizeof label - 1}};
    lk_hash_pieces(hash, pieces, 2, h);
    memcpy(fs, h, LK_RANDOM_BYTES);
    LK_WIPE(h);
}

bool lk_freshness_in_window(const uint8_t s[LK_RANDOM_BYTES], int64_t now_unix_s, uint32_t window_s,
                            int64_t *skew_s)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(s, TIME_BYTES));
    *skew_s = (int64_t)lk_cursor_u32(&c) - now_unix_s;
    if (window_s == 0) return true;
    return *skew_s >= -(int64_t)window_s && *skew_s <= (int64_t)window_s;
}
