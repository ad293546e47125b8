#include "core/exec/poo.h"

#include <string.h>

#include "core/base/err.h"
#include "crypto/crypto.h"

/* Base points in wire form (FIPS 186-4 D.1.2; RFC 7748 4.1, 4.2). */
static const uint8_t secp256r1_base[] = {
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
    0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
    0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
    0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
    0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
static const uint8_t secp384r1_base[] = {
    0x04, 0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3,
    0x20, 0xad, 0x74, 0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41,
    0xe0, 0x82, 0x54, 0x2a, 0x38, 0x55, 0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c, 0x3a,
    0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7, 0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c,
    0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29, 0xf8, 0xf4, 0x1d, 0xbd, 0x28,
    0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0, 0x0a, 0x60, 0xb1,
    0xce, 0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f};
static const uint8_t secp521r1_base[] = {
    0x04, 0x00, 0xc6, 0x85, 0x8e, 0x06, 0xb7, 0x04, 0x04, 0xe9, 0xcd, 0x9e, 0x3e, 0xcb, 0x66,
    0x23, 0x95, 0xb4, 0x42, 0x9c, 0x64, 0x81, 0x39, 0x05, 0x3f, 0xb5, 0x21, 0xf8, 0x28, 0xaf,
    0x60, 0x6b, 0x4d, 0x3d, 0xba, 0xa1, 0x4b, 0x5e, 0x77, 0xef, 0xe7, 0x59, 0x28, 0xfe, 0x1d,
    0xc1, 0x27, 0xa2, 0xff, 0xa8, 0xde, 0x33, 0x48, 0xb3, 0xc1, 0x85, 0x6a, 0x42, 0x9b, 0xf9,
    0x7e, 0x7e, 0x31, 0xc2, 0xe5, 0xbd, 0x66, 0x01, 0x18, 0x39, 0x29, 0x6a, 0x78, 0x9a, 0x3b,
    0xc0, 0x04, 0x5c, 0x8a, 0x5f, 0xb4, 0x2c, 0x7d, 0x1b, 0xd9, 0x98, 0xf5, 0x44, 0x49, 0x57,
    0x9b, 0x44, 0x68, 0x17, 0xaf, 0xbd, 0x17, 0x27, 0x3e, 0x66, 0x2c, 0x97, 0xee, 0x72, 0x99,
    0x5e, 0xf4, 0x26, 0x40, 0xc5, 0x50, 0xb9, 0x01, 0x3f, 0xad, 0x07, 0x61, 0x35, 0x3c, 0x70,
    0x86, 0xa2, 0x72, 0xc2, 0x40, 0x88, 0xbe, 0x94, 0x76, 0x9f, 0xd1, 0x66, 0x50};
static const uint8_t x25519_base[32] = {9};
static const uint8_t x448_base[56] = {5};

static const struct base_row {
    uint16_t group;
    struct lk_bytes point;
} bases[] = {
    {LK_GROUP_SECP256R1, {secp256r1_base, sizeof secp256r1_base}},
    {LK_GROUP_SECP384R1, {secp384r1_base, sizeof secp384r1_base}},
    {LK_GROUP_SECP521R1, {secp521r1_base, sizeof secp521r1_base}},
    {LK_GROUP_X25519, {x25519_base, sizeof x25519_base}},
    {LK_GROUP_X448, {x448_base, sizeof x448_base}},
};

static struct lk_bytes base_of(uint16_t group)
{
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (bases[i].group == group) return bases[i].point;
    return (struct lk_bytes){.data = NULL, .len = 0};
}

/* What a proof is about, of whichever extension. */
struct statement {
    const struct lk_tls12_common *common;
    const uint8_t *client_random, *server_random;
    uint16_t sig_and_hash;
    uint8_t poo_prf;
    struct lk_bytes base; /* G, or g */
    size_t width;         /* of base, point and poo_point: shorter ones get zeros in front */
    struct lk_bytes params, point, poo_point;
    const char *label; /* so that a proof made for one extension does not serve the other */
};

#define COUNT_BYTES 4

static void count_add(struct lk_hash_state *hash, size_t count)
{
    const uint8_t bytes[COUNT_BYTES] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16),
                                        (uint8_t)(count >> 8), (uint8_t)count};
    lk_hash_add(hash, bytes, sizeof bytes);
}

/* L(x) = u32 byte count of x || x */
static void add(struct lk_hash_state *hash, const void *data, size_t len)
{
    count_add(hash, len);
    lk_hash_add(hash, data, len);
}

static void number_add(struct lk_hash_state *hash, struct lk_bytes number, size_t width)
{
    static const uint8_t zeros[LK_DH_BYTES_MAX];
    LK_ASSERT(number.len <= width && width <= sizeof zeros);
    count_add(hash, width);
    lk_hash_add(hash, zeros, width - number.len);
    lk_hash_add(hash, number.data, number.len);
}

/* L(UserID), UserID = L(client_random) || L(S) */
static void user_id_add(struct lk_hash_state *hash, const struct statement *s)
{
    count_add(hash, 2 * (COUNT_BYTES + LK_RANDOM_BYTES));
    add(hash, s->client_random, LK_RANDOM_BYTES);
    add(hash, s->server_random, LK_RANDOM_BYTES);
}

/* L(OtherInfo) */
static void other_info_add(struct lk_hash_state *hash, const struct statement *s)
{
    const uint8_t scheme[] = {(uint8_t)(s->sig_and_hash >> 8), (uint8_t)s->sig_and_hash};
    const struct lk_piece pieces[] = {{s->common->key_id, sizeof s->common->key_id},
                                      {&s->common->freshness, sizeof s->common->freshness},
                                      {scheme, sizeof scheme},
                                      {s->params.data, s->params.len},
                                      {s->label, strlen(s->label)}};
    size_t total = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        total += COUNT_BYTES + pieces[i].len;
    count_add(hash, total);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        add(hash, pieces[i].data, pieces[i].len);
}

static size_t challenge(const struct statement *s, uint8_t c[LK_SHA256_BYTES])
{
    struct lk_hash_state hash;
    LK_ASSERT(s->base.data != NULL);
    lk_hash_start(&hash, LK_SHA256);
    number_add(&hash, s->base, s->width);
    number_add(&hash, s->poo_point, s->width);
    number_add(&hash, s->point, s->width);
    user_id_add(&hash, s);
    other_info_add(&hash, s);
    lk_hash_finish(&hash, c);
    return s->poo_prf == 1 ? 16 : 32;
}

size_t lk_poo_challenge(const struct lk_tls12_ecdhe *request, uint8_t c[LK_SHA256_BYTES])
{
    const struct statement statement = {.common = &request->common,
                                        .client_random = request->client_random,
                                        .server_random = request->server_random,
                                        .sig_and_hash = request->sig_and_hash,
                                        .poo_prf = request->poo_prf,
                                        .base = base_of(request->group),
                                        .width = request->point.len,
                                        .params = request->params,
                                        .point = request->point,
                                        .poo_point = request->poo_point,
                                        .label = "tls12 poo"};
    return challenge(&statement, c);
}

size_t lk_poo_challenge_split(const struct lk_split_sign_ske *request, uint8_t c[LK_SHA256_BYTES])
{
    bool dhe = request->kx == LK_SPLIT_DHE;
    const struct statement statement = {.common = &request->common,
                                        .client_random = request->client_random,
                                        .server_random = request->server_random,
                                        .sig_and_hash = request->sig_and_hash,
                                        .poo_prf = request->poo_prf,
                                        .base = dhe ? request->g : base_of(request->group),
                                        .width = dhe ? request->p.len : request->share.len,
                                        .params = request->params,
                                        .point = request->share,
                                        .poo_point = request->poo_point,
                                        .label = "split poo"};
    return challenge(&statement, c);
}
