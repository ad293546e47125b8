#include "tests/support/ec_signed.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/support/draw.h"

#define FORM_XY 4

/* Numbers of one making, modulo the order. */
struct numbers {
    const struct lk_ec_curve *curve;
    const EC_GROUP *group;
    const BIGNUM *n;
    BN_CTX *ctx;
};

static struct numbers numbers_open(const struct lk_ec_curve *curve)
{
    const EC_GROUP *group = lk_ec_group(curve);
    struct numbers m = {curve, group, EC_GROUP_get0_order(group), BN_CTX_new()};
    LK_ASSERT(m.ctx != NULL);
    BN_CTX_start(m.ctx);
    return m;
}

static void numbers_close(struct numbers *m)
{
    BN_CTX_end(m->ctx);
    BN_CTX_free(m->ctx);
}

static BIGNUM *number(const struct numbers *m)
{
    BIGNUM *x = BN_CTX_get(m->ctx);
    LK_ASSERT(x != NULL);
    return x;
}

/* Odd, and below n. */
static BIGNUM *drawn(const struct numbers *m)
{
    uint8_t bytes[LK_EC_BYTES_MAX];
    BIGNUM *x = number(m);
    lk_draw_bytes(bytes, m->curve->bytes);
    bytes[0] &= 0x7f;
    bytes[m->curve->bytes - 1] |= 1;
    LK_ASSERT(BN_bin2bn(bytes, (int)m->curve->bytes, x) != NULL);
    return x;
}

static BIGNUM *times(const struct numbers *m, const BIGNUM *a, const BIGNUM *b)
{
    BIGNUM *x = number(m);
    LK_ASSERT(BN_mod_mul(x, a, b, m->n, m->ctx) == 1);
    return x;
}

static BIGNUM *over(const struct numbers *m, const BIGNUM *a, const BIGNUM *b)
{
    BIGNUM *inverse = number(m);
    LK_ASSERT(BN_mod_inverse(inverse, b, m->n, m->ctx) != NULL);
    return times(m, a, inverse);
}

static void put(const struct numbers *m, uint8_t *to, const BIGNUM *x)
{
    LK_ASSERT(BN_bn2binpad(x, to, (int)m->curve->bytes) == (int)m->curve->bytes);
}

/* --- keys ----------------------------------------------------------------------------------- */

static EVP_PKEY *key_of(const struct numbers *m, uint8_t *octets)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    char name[32];
    snprintf(name, sizeof name, "%s", OBJ_nid2sn(m->curve->nid));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, 1 + 2 * m->curve->bytes),
        OSSL_PARAM_construct_end()};
    LK_ASSERT(EVP_PKEY_fromdata_init(ctx) == 1);
    LK_ASSERT(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void key_set(const struct numbers *m, struct lk_ec_signed *one, const EC_POINT *q)
{
    uint8_t octets[1 + 2 * LK_EC_BYTES_MAX];
    size_t bytes = 1 + 2 * m->curve->bytes;
    LK_ASSERT(EC_POINT_point2oct(m->group, q, POINT_CONVERSION_UNCOMPRESSED, octets, bytes,
                                 m->ctx) == bytes);
    EVP_PKEY_free(one->key);
    one->curve = m->curve;
    one->key = key_of(m, octets);
    memcpy(one->xy, octets + 1, bytes - 1);
}

void lk_ec_signed_end(struct lk_ec_signed *one)
{
    EVP_PKEY_free(one->key);
    one->key = NULL;
}

/* --- signatures ----------------------------------------------------------------------------- */

/* r, s and a digest that is e = u1 s; s = r / u2. */
static void close_by(const struct numbers *m, struct lk_ec_signed *one, const BIGNUM *r,
                     const BIGNUM *u1, const BIGNUM *u2)
{
    BIGNUM *s = over(m, r, u2);
    put(m, one->r, r);
    put(m, one->s, s);
    put(m, one->digest, times(m, u1, s));
    one->digest_bytes = m->curve->bytes;
}

static BIGNUM *x_of(const struct numbers *m, const EC_POINT *point)
{
    BIGNUM *x = number(m);
    LK_ASSERT(EC_POINT_get_affine_coordinates(m->group, point, x, NULL, m->ctx) == 1);
    return x;
}

/* The signer's way: r of k G, s = (e + r d) / k. */
static void sign(const struct numbers *m, struct lk_ec_signed *one, const BIGNUM *d)
{
    size_t len = one->digest_bytes < m->curve->bytes ? one->digest_bytes : m->curve->bytes;
    BIGNUM *e = number(m), *r = number(m), *k = drawn(m);
    EC_POINT *point = EC_POINT_new(m->group);
    LK_ASSERT(EC_POINT_mul(m->group, point, k, NULL, NULL, m->ctx) == 1);
    LK_ASSERT(BN_nnmod(r, x_of(m, point), m->n, m->ctx) == 1);
    LK_ASSERT(BN_bin2bn(one->digest, (int)len, e) != NULL);
    LK_ASSERT(BN_mod_add(e, e, times(m, r, d), m->n, m->ctx) == 1);
    put(m, one->r, r);
    put(m, one->s, over(m, e, k));
    EC_POINT_free(point);
}

void lk_ec_signed_over(struct lk_ec_signed *one, const struct lk_ec_curve *curve,
                       const uint8_t *digest, size_t len)
{
    struct numbers m = numbers_open(curve);
    BIGNUM *d = drawn(&m);
    EC_POINT *q = EC_POINT_new(m.group);
    LK_ASSERT(len <= sizeof one->digest);
    LK_ASSERT(EC_POINT_mul(m.group, q, d, NULL, NULL, m.ctx) == 1);
    key_set(&m, one, q);
    memcpy(one->digest, digest, len);
    one->digest_bytes = len;
    sign(&m, one, d);
    EC_POINT_free(q);
    numbers_close(&m);
}

void lk_ec_signed_draw(struct lk_ec_signed *one, const struct lk_ec_curve *curve)
{
    static const size_t lengths[] = {20, 32, 48, 64};
    uint8_t digest[64];
    lk_draw_bytes(digest, sizeof digest);
    lk_ec_signed_over(one, curve, digest, lengths[lk_draw_below(4)]);
}

/* Q = (R - u1 G) / u2. */
static void key_solve(const struct numbers *m, struct lk_ec_signed *one, EC_POINT *r_point,
                      const BIGNUM *u1, const BIGNUM *u2)
{
    EC_POINT *q = EC_POINT_new(m->group);
    BIGNUM *one_over = over(m, BN_value_one(), u2), *g = number(m);
    LK_ASSERT(BN_mod_sub(g, m->n, times(m, u1, one_over), m->n, m->ctx) == 1);
    LK_ASSERT(EC_POINT_mul(m->group, q, g, r_point, one_over, m->ctx) == 1);
    key_set(m, one, q);
    EC_POINT_free(q);
}

bool lk_ec_signed_of(struct lk_ec_signed *one, const struct lk_ec_curve *curve, const uint8_t *x,
                     const uint8_t *s)
{
    struct numbers m = numbers_open(curve);
    BIGNUM *at = number(&m), *r = number(&m), *s_number = number(&m), *u1 = drawn(&m);
    EC_POINT *point = EC_POINT_new(m.group);
    LK_ASSERT(BN_bin2bn(x, (int)curve->bytes, at) != NULL);
    LK_ASSERT(BN_bin2bn(s, (int)curve->bytes, s_number) != NULL);
    LK_ASSERT(BN_nnmod(r, at, m.n, m.ctx) == 1);
    bool found = !BN_is_zero(r) &&
                 EC_POINT_set_compressed_coordinates(m.group, point, at, 0, m.ctx) == 1;
    ERR_clear_error();
    if (found) {
        BIGNUM *u2 = over(&m, r, s_number);
        key_solve(&m, one, point, u1, u2);
        close_by(&m, one, r, u1, u2);
    }
    EC_POINT_free(point);
    numbers_close(&m);
    return found;
}

/* sum := of +-2^i over i of this parity, by the bits of odd u from bit 1 on; the highest is +. */
static BIGNUM *half_of(const struct numbers *m, const BIGNUM *u, int parity)
{
    BIGNUM *sum = number(m), *power = number(m);
    int bits = 8 * (int)m->curve->bytes;
    for (int i = parity; i < bits; i += 2) {
        BN_zero(power);
        LK_ASSERT(BN_set_bit(power, i) == 1);
        bool plus = i == bits - 1 || BN_is_bit_set(u, i + 1) != 0;
        LK_ASSERT((plus ? BN_add(sum, sum, power) : BN_sub(sum, sum, power)) == 1);
    }
    return sum;
}

/* d with g0 + q0 d = +-(g1 + q1 d). */
void lk_ec_signed_equal_parts(struct lk_ec_signed *one, const struct lk_ec_curve *curve,
                              bool opposite)
{
    struct numbers m = numbers_open(curve);
    BIGNUM *u1 = drawn(&m), *u2 = drawn(&m), *g = number(&m), *q = number(&m);
    EC_POINT *key = EC_POINT_new(m.group);
    int (*join)(BIGNUM *, const BIGNUM *, const BIGNUM *) = opposite ? BN_add : BN_sub;
    LK_ASSERT(join(g, half_of(&m, u1, 1), half_of(&m, u1, 0)) == 1);
    LK_ASSERT(join(q, half_of(&m, u2, 0), half_of(&m, u2, 1)) == 1);
    if (opposite) BN_set_negative(g, !BN_is_negative(g));
    LK_ASSERT(BN_nnmod(g, g, m.n, m.ctx) == 1 && BN_nnmod(q, q, m.n, m.ctx) == 1);
    LK_ASSERT(EC_POINT_mul(m.group, key, over(&m, g, q), NULL, NULL, m.ctx) == 1);
    key_set(&m, one, key);
    close_by(&m, one, drawn(&m), u1, u2);
    EC_POINT_free(key);
    numbers_close(&m);
}

/* --- libcrypto's word ----------------------------------------------------------------------- */

size_t lk_ec_signed_der(const struct lk_ec_signed *one, uint8_t der[LK_EC_DER_BYTES_MAX])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    unsigned char *at = der;
    int bytes = (int)one->curve->bytes;
    LK_ASSERT(ECDSA_SIG_set0(signature, BN_bin2bn(one->r, bytes, NULL),
                             BN_bin2bn(one->s, bytes, NULL)) == 1);
    int len = i2d_ECDSA_SIG(signature, &at);
    LK_ASSERT(len > 0 && len <= LK_EC_DER_BYTES_MAX);
    ECDSA_SIG_free(signature);
    return (size_t)len;
}

bool lk_ec_signed_good(const struct lk_ec_signed *one, const uint8_t *der, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(one->key, NULL);
    LK_ASSERT(ctx != NULL && EVP_PKEY_verify_init(ctx) == 1);
    bool good = EVP_PKEY_verify(ctx, der, len, one->digest, one->digest_bytes) == 1;
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* --- kernels -------------------------------------------------------------------------------- */

unsigned lk_verify_ways(const struct lk_ec_curve *curve, const struct lk_verify_kernel **ways)
{
    static const struct lk_verify_kernel *const all[LK_EC_CURVES][LK_VERIFY_WAYS_MAX] = {
        {&lk_p256_verify_x2_ref, &lk_p256_verify_x8_ifma},
        {&lk_p384_verify_x2_ref, &lk_p384_verify_x8_ifma}};
    uint32_t features;
    (void)lk_cpu_features(&features);
    unsigned count = (features >> LK_CPU_IFMA & 1) != 0 ? 2 : 1;
    memcpy(ways, all[curve - lk_ec_curves], count * sizeof *ways);
    return count;
}
