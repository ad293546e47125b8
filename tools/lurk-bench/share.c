#include "tools/lurk-bench/share.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "crypto/hash.h"

#define POINT_BYTES_MAX 133

static struct group {
    uint16_t number;
    const char *keygen; /* libcrypto's algorithm */
    const char *curve;  /* EC: its name; NULL: little-endian u-coordinates */
    const char *order;  /* hexadecimal; NULL: libcrypto knows */
    uint8_t base_u;     /* u of the base point where there is only a u */
    uint8_t base[POINT_BYTES_MAX];
    BIGNUM *q; /* made by the first draw */
} groups[] = {
    {.number = LK_GROUP_SECP256R1, .keygen = "EC", .curve = "P-256"},
    {.number = LK_GROUP_SECP384R1, .keygen = "EC", .curve = "P-384"},
    {.number = LK_GROUP_SECP521R1, .keygen = "EC", .curve = "P-521"},
    {.number = LK_GROUP_X25519,
     .keygen = "X25519",
     .base_u = 9,
     .order = "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED"},
    {.number = LK_GROUP_X448,
     .keygen = "X448",
     .base_u = 5,
     .order = "3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7CCA23E9C44EDB49AED63690216C"
              "C2728DC58F552378C2"
              "92AB5844F3"},
};

static struct group *group_find(uint16_t number)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (groups[i].number == number) return &groups[i];
    return NULL;
}

/* Order and base point of a group of libcrypto's. */
static bool curve_learn(struct group *group, size_t point_bytes)
{
    EC_GROUP *ec = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(group->curve));
    group->q = ec ? BN_dup(EC_GROUP_get0_order(ec)) : NULL;
    bool good = group->q &&
                EC_POINT_point2oct(ec, EC_GROUP_get0_generator(ec), POINT_CONVERSION_UNCOMPRESSED,
                                   group->base, sizeof(group->base), NULL) == point_bytes;
    EC_GROUP_free(ec);
    return good;
}

static bool group_learn(struct group *group, size_t point_bytes)
{
    if (group->q) return true;
    if (!group->order) return curve_learn(group, point_bytes);
    group->base[0] = group->base_u;
    return BN_hex2bn(&group->q, group->order) > 0;
}

static bool draw_curve(const struct group *group, const struct lk_group_row *row, uint8_t *scalar,
                       uint8_t *point)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group->curve);
    BIGNUM *secret = NULL;
    size_t bytes = 0;
    bool good = pkey && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1 &&
                BN_bn2binpad(secret, scalar, row->scalar_bytes) > 0 &&
                EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                                row->point_bytes, &bytes) == 1 &&
                bytes == row->point_bytes;
    BN_clear_free(secret);
    EVP_PKEY_free(pkey);
    return good;
}

/* The integer behind a raw x25519 or x448 private key: clamped (RFC 7748 5), then turned around. */
static void scalar_clamp(uint16_t number, const uint8_t *raw, uint8_t *scalar, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        scalar[i] = raw[bytes - 1 - i];
    bool x25519 = number == LK_GROUP_X25519;
    scalar[bytes - 1] &= x25519 ? 0xf8 : 0xfc;
    scalar[0] = x25519 ? (uint8_t)((scalar[0] & 0x7f) | 0x40) : (uint8_t)(scalar[0] | 0x80);
}

static bool draw_montgomery(const struct group *group, const struct lk_group_row *row,
                            uint8_t *scalar, uint8_t *point)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, group->keygen);
    uint8_t raw[LK_BENCH_SCALAR_BYTES_MAX];
    size_t secret = sizeof(raw), public = row->point_bytes;
    bool good = pkey && EVP_PKEY_get_raw_private_key(pkey, raw, &secret) == 1 &&
                secret == row->scalar_bytes &&
                EVP_PKEY_get_raw_public_key(pkey, point, &public) == 1 &&
                public == row->point_bytes;
    if (good) scalar_clamp(group->number, raw, scalar, secret);
    EVP_PKEY_free(pkey);
    return good;
}

bool lk_bench_share_draw(const struct lk_group_row *row, uint8_t *scalar, uint8_t *point)
{
    struct group *group = group_find(row->group);
    if (!group || !group_learn(group, row->point_bytes)) return false;
    return group->curve ? draw_curve(group, row, scalar, point)
                        : draw_montgomery(group, row, scalar, point);
}

/* --- proof ------------------------------------------------------------------------------------ */

#define HASHED_BYTES_MAX 1024

static void item_put(struct lk_writer *w, const void *data, size_t bytes)
{
    lk_writer_u32(w, (uint32_t)bytes);
    lk_writer_put(w, data, bytes);
}

/* SHA-256(L(G) || L(vG) || L(bG) || L(UserID) || L(OtherInfo)), all but its truncation. */
static bool challenge(const struct group *group, const struct lk_tls12_ecdhe *sent,
                      uint8_t out[LK_SHA256_BYTES])
{
    uint8_t hashed[HASHED_BYTES_MAX];
    struct lk_writer w = lk_writer_of(hashed, sizeof(hashed));
    uint8_t scheme[2] = {(uint8_t)(sent->sig_and_hash >> 8), (uint8_t)sent->sig_and_hash};
    item_put(&w, group->base, sent->point.len);
    item_put(&w, sent->poo_point.data, sent->poo_point.len);
    item_put(&w, sent->point.data, sent->point.len);
    size_t user = lk_writer_reserve(&w, 4);
    item_put(&w, sent->client_random, LK_RANDOM_BYTES);
    item_put(&w, sent->server_random, LK_RANDOM_BYTES);
    lk_writer_fill(&w, user, 4);
    size_t other = lk_writer_reserve(&w, 4);
    item_put(&w, sent->common.key_id, sizeof(sent->common.key_id));
    item_put(&w, &sent->common.freshness, 1);
    item_put(&w, scheme, sizeof(scheme));
    item_put(&w, sent->params.data, sent->params.len);
    item_put(&w, "tls12 poo", 9);
    lk_writer_fill(&w, other, 4);
    lk_sha256(hashed, w.len, out);
    return !w.bad;
}

/* r = v - b c mod q */
static bool respond(const struct group *group, const struct lk_bench_template *from,
                    const uint8_t *c, int c_bytes, uint8_t *r)
{
    int width = (int)from->proof_bytes;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *b = BN_bin2bn(from->b, width, NULL), *v = BN_bin2bn(from->v, width, NULL);
    BIGNUM *x = BN_bin2bn(c, c_bytes, NULL);
    bool good = ctx && b && v && x && BN_mod_mul(x, b, x, group->q, ctx) == 1 &&
                BN_mod_sub(x, v, x, group->q, ctx) == 1 && BN_bn2binpad(x, r, width) == width;
    BN_free(x);
    BN_clear_free(v);
    BN_clear_free(b);
    BN_CTX_free(ctx);
    return good;
}

bool lk_bench_share_prove(const struct lk_bench_template *from, uint8_t *message)
{
    struct lk_tls12_ecdhe sent;
    uint8_t c[LK_SHA256_BYTES];
    const struct group *group = group_find(from->group);
    struct lk_bytes payload = lk_bytes_of(message + LK_HEADER_BYTES, from->bytes - LK_HEADER_BYTES);
    if (!group || lk_tls12_ecdhe_parse(payload, &sent) != 0 || !challenge(group, &sent, c))
        return false;
    return respond(group, from, c, sent.poo_prf == 1 ? 16 : 32, message + from->proof_at);
}
