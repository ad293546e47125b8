#include "crypto/poo_curve.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

struct lk_poo_curve_row {
    uint16_t group;
    uint16_t point_bytes, scalar_bytes;
    int nid; /* NIST curves; 0: the rest describes a Montgomery curve y^2 = x^3 + A x^2 + x */
    const char *p, *q;
    unsigned a, base_u, cofactor;
    uint8_t top_mask; /* of the highest byte of u that counts */
};

static const struct lk_poo_curve_row rows[LK_POO_CURVE_COUNT] = {
    {.group = 23, .point_bytes = 65, .scalar_bytes = 32, .nid = NID_X9_62_prime256v1},
    {.group = 24, .point_bytes = 97, .scalar_bytes = 48, .nid = NID_secp384r1},
    {.group = 25, .point_bytes = 133, .scalar_bytes = 66, .nid = NID_secp521r1},
    {.group = 29,
     .point_bytes = 32,
     .scalar_bytes = 32,
     .p = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
     .q = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
     .a = 486662,
     .base_u = 9,
     .cofactor = 8,
     .top_mask = 0x7f},
    {.group = 30,
     .point_bytes = 56,
     .scalar_bytes = 56,
     .p = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     .q = "3fffffffffffffffffffffffffffffffffffffffffffffffffffffff"
          "7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3",
     .a = 156326,
     .base_u = 5,
     .cofactor = 4,
     .top_mask = 0xff},
};

unsigned lk_poo_curve_find(uint16_t group)
{
    unsigned row = 0;
    while (row < LK_POO_CURVE_COUNT && rows[row].group != group)
        row++;
    return row;
}

size_t lk_poo_point_bytes(const struct lk_poo_curve *curve)
{
    return curve->row->point_bytes;
}

size_t lk_poo_scalar_bytes(const struct lk_poo_curve *curve)
{
    return curve->row->scalar_bytes;
}

bool lk_poo_curve_signless(const struct lk_poo_curve *curve)
{
    return curve->shift != NULL;
}

void lk_poo_scalar_clamp(const struct lk_poo_curve *curve, uint8_t *scalar)
{
    if (curve->shift == NULL) return;
    size_t last = curve->row->scalar_bytes - 1u;
    unsigned free_top = curve->row->top_mask; /* the highest bit below it is fixed to one */
    scalar[last] = (uint8_t)(scalar[last] & ~(curve->row->cofactor - 1u));
    scalar[0] = (uint8_t)((scalar[0] & free_top) | (free_top ^ (free_top >> 1)));
}

/* --- points --------------------------------------------------------------------------------- */

/* u of little-endian bytes, mod p. */
static bool read_u(const struct lk_poo_curve *curve, const uint8_t *bytes, BIGNUM *u)
{
    uint8_t masked[LK_POO_POINT_BYTES_MAX];
    size_t len = curve->row->point_bytes;
    memcpy(masked, bytes, len);
    masked[len - 1] &= curve->row->top_mask;
    return BN_lebin2bn(masked, (int)len, u) != NULL && BN_nnmod(u, u, curve->p, curve->ctx);
}

static bool read_montgomery(const struct lk_poo_curve *curve, const uint8_t *bytes, EC_POINT *out)
{
    BN_CTX_start(curve->ctx);
    BIGNUM *x = BN_CTX_get(curve->ctx);
    bool good = x != NULL && read_u(curve, bytes, x) &&
                BN_mod_add_quick(x, x, curve->shift, curve->p) &&
                EC_POINT_set_compressed_coordinates(curve->group, out, x, 0, curve->ctx) == 1;
    BN_CTX_end(curve->ctx);
    return good;
}

bool lk_poo_point_read(const struct lk_poo_curve *curve, const uint8_t *bytes, EC_POINT *out)
{
    if (curve->shift != NULL) return read_montgomery(curve, bytes, out);
    return bytes[0] == POINT_CONVERSION_UNCOMPRESSED &&
           EC_POINT_oct2point(curve->group, out, bytes, curve->row->point_bytes, curve->ctx) == 1;
}

/* u of a point that is not infinity. */
static bool point_u(const struct lk_poo_curve *curve, const EC_POINT *point, BIGNUM *u)
{
    return EC_POINT_is_at_infinity(curve->group, point) == 0 &&
           EC_POINT_get_affine_coordinates(curve->group, point, u, NULL, curve->ctx) == 1 &&
           BN_mod_sub_quick(u, u, curve->shift, curve->p);
}

bool lk_poo_point_write(const struct lk_poo_curve *curve, const EC_POINT *point, uint8_t *bytes)
{
    size_t len = curve->row->point_bytes;
    if (curve->shift == NULL)
        return EC_POINT_point2oct(curve->group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, len,
                                  curve->ctx) == len;
    BN_CTX_start(curve->ctx);
    BIGNUM *u = BN_CTX_get(curve->ctx);
    bool good = u != NULL && point_u(curve, point, u) &&
                BN_bn2lebinpad(u, bytes, (int)len) == (int)len;
    BN_CTX_end(curve->ctx);
    return good;
}

static bool is_montgomery(const struct lk_poo_curve *curve, const EC_POINT *point,
                          const uint8_t *bytes)
{
    BN_CTX_start(curve->ctx);
    BIGNUM *u = BN_CTX_get(curve->ctx), *want = BN_CTX_get(curve->ctx);
    bool same = want != NULL && point_u(curve, point, u) && read_u(curve, bytes, want) &&
                BN_cmp(u, want) == 0;
    BN_CTX_end(curve->ctx);
    return same;
}

bool lk_poo_point_is(const struct lk_poo_curve *curve, const EC_POINT *point, const uint8_t *bytes)
{
    if (curve->shift != NULL) return is_montgomery(curve, point, bytes);
    uint8_t mine[LK_POO_POINT_BYTES_MAX];
    return lk_poo_point_write(curve, point, mine) &&
           memcmp(mine, bytes, curve->row->point_bytes) == 0;
}

/* --- curves --------------------------------------------------------------------------------- */

/* The Weierstrass form of y^2 = x^3 + A x^2 + x: with s = A/3, x -> x + s gives
 * a = 1 - A s, b = (2 A s^2 - 3 s) / 3 = s (2 A s / 3 - 1) = s (2 s^2 - 1). */
static bool weierstrass(struct lk_poo_curve *curve, BIGNUM *a, BIGNUM *b)
{
    const BIGNUM *p = curve->p;
    BN_CTX *ctx = curve->ctx;
    BIGNUM *s = curve->shift;
    return BN_set_word(a, 3) && BN_mod_inverse(s, a, p, ctx) != NULL &&
           BN_set_word(a, curve->row->a) && BN_mod_mul(s, s, a, p, ctx) &&
           BN_mod_mul(a, a, s, p, ctx) && BN_mod_sub(a, BN_value_one(), a, p, ctx) &&
           BN_mod_sqr(b, s, p, ctx) && BN_mod_lshift1(b, b, p, ctx) &&
           BN_mod_sub(b, b, BN_value_one(), p, ctx) && BN_mod_mul(b, b, s, p, ctx);
}

static bool set_base(struct lk_poo_curve *curve, BIGNUM *q, BIGNUM *cofactor)
{
    uint8_t base[LK_POO_POINT_BYTES_MAX] = {(uint8_t)curve->row->base_u};
    EC_POINT *g = EC_POINT_new(curve->group);
    bool good = g != NULL && BN_hex2bn(&q, curve->row->q) &&
                BN_set_word(cofactor, curve->row->cofactor) && lk_poo_point_read(curve, base, g) &&
                EC_GROUP_set_generator(curve->group, g, q, cofactor) == 1;
    EC_POINT_free(g);
    return good;
}

static bool make_montgomery(struct lk_poo_curve *curve)
{
    curve->shift = BN_new();
    BN_CTX_start(curve->ctx);
    BIGNUM *a = BN_CTX_get(curve->ctx), *b = BN_CTX_get(curve->ctx);
    bool good = b != NULL && curve->shift != NULL && BN_hex2bn(&curve->p, curve->row->p) &&
                weierstrass(curve, a, b);
    if (good) curve->group = EC_GROUP_new_curve_GFp(curve->p, a, b, curve->ctx);
    good = curve->group != NULL && set_base(curve, a, b);
    BN_CTX_end(curve->ctx);
    return good;
}

static bool make_nist(struct lk_poo_curve *curve, OSSL_LIB_CTX *library)
{
    curve->group = EC_GROUP_new_by_curve_name_ex(library, NULL, curve->row->nid);
    return curve->group != NULL &&
           EC_GROUP_get_curve(curve->group, curve->p, NULL, NULL, curve->ctx) == 1;
}

struct lk_poo_curve *lk_poo_curve_new(unsigned row, OSSL_LIB_CTX *library)
{
    struct lk_poo_curve *curve = calloc(1, sizeof *curve);
    if (curve == NULL) return NULL;
    curve->row = &rows[row];
    curve->ctx = BN_CTX_new_ex(library);
    curve->p = BN_new();
    bool good = curve->ctx != NULL && curve->p != NULL &&
                (curve->row->nid != 0 ? make_nist(curve, library) : make_montgomery(curve));
    if (good) return curve;
    lk_poo_curve_free(curve);
    return NULL;
}

void lk_poo_curve_free(struct lk_poo_curve *curve)
{
    if (curve == NULL) return;
    EC_GROUP_free(curve->group);
    BN_free(curve->p);
    BN_free(curve->shift);
    BN_CTX_free(curve->ctx);
    free(curve);
}
