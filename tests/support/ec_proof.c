#include "tests/support/ec_proof.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/engine_poo_batch.h"
#include "tests/support/draw.h"

/* A curve of libcrypto's, a walk over it, and numbers that all of it shares. */
struct lib {
    const EC_GROUP *group;
    unsigned bytes;
    BN_CTX *ctx;
    EC_POINT *walk, *step, *a;
    BIGNUM *p, *x, *y, *z;
};

static void lib_make(struct lib *lib, const struct lk_ec_curve *curve)
{
    uint8_t seed[32];
    lib->group = lk_ec_group(curve);
    lib->bytes = curve->bytes;
    lib->ctx = BN_CTX_new();
    lib->walk = EC_POINT_new(lib->group), lib->step = EC_POINT_new(lib->group);
    lib->a = EC_POINT_new(lib->group);
    lib->p = BN_new(), lib->x = BN_new(), lib->y = BN_new(), lib->z = BN_new();
    LK_ASSERT(EC_GROUP_get_curve(lib->group, lib->p, NULL, NULL, lib->ctx) == 1);
    lk_draw_bytes(seed, sizeof seed);
    BN_bin2bn(seed, sizeof seed, lib->x);
    LK_ASSERT(EC_POINT_mul(lib->group, lib->walk, lib->x, NULL, NULL, lib->ctx) == 1);
    BN_add_word(lib->x, 0x12345);
    LK_ASSERT(EC_POINT_mul(lib->group, lib->step, lib->x, NULL, NULL, lib->ctx) == 1);
}

static struct lib *lib_of(const struct lk_ec_curve *curve)
{
    static struct lib libs[LK_EC_CURVES];
    struct lib *lib = &libs[curve - lk_ec_curves];
    if (lib->group == NULL) lib_make(lib, curve);
    return lib;
}

static bool point_write(const struct lib *lib, const EC_POINT *point, uint8_t *to)
{
    size_t len = 1 + 2 * lib->bytes;
    return EC_POINT_point2oct(lib->group, point, POINT_CONVERSION_UNCOMPRESSED, to, len,
                              lib->ctx) == len;
}

static bool point_read(const struct lib *lib, EC_POINT *point, const uint8_t *from)
{
    return EC_POINT_oct2point(lib->group, point, from, 1 + 2 * lib->bytes, lib->ctx) == 1;
}

static void number_write(const struct lib *lib, const BIGNUM *x, uint8_t *to)
{
    LK_ASSERT(BN_bn2binpad(x, to, (int)lib->bytes) == (int)lib->bytes);
}

bool lk_ec_proof_close(struct lk_ec_proof *proof)
{
    struct lib *lib = lib_of(proof->curve);
    BN_bin2bn(proof->r, (int)lib->bytes, lib->x);
    BN_bin2bn(proof->c, (int)proof->c_bytes, lib->y);
    EC_POINT *sum = EC_POINT_new(lib->group);
    bool good = point_read(lib, lib->a, proof->bg) &&
                EC_POINT_mul(lib->group, sum, lib->x, lib->a, lib->y, lib->ctx) == 1 &&
                point_write(lib, sum, proof->vg);
    if (!good) LK_ASSERT(point_write(lib, EC_GROUP_get0_generator(lib->group), proof->vg));
    EC_POINT_free(sum);
    return good;
}

static void next_point(struct lib *lib, uint8_t *to)
{
    LK_ASSERT(EC_POINT_add(lib->group, lib->walk, lib->walk, lib->step, lib->ctx) == 1);
    LK_ASSERT(point_write(lib, lib->walk, to));
}

void lk_ec_proof_draw(struct lk_ec_proof *proof, const struct lk_ec_curve *curve)
{
    proof->curve = curve;
    lk_draw_bytes(proof->r, sizeof proof->r);
    lk_draw_bytes(proof->c, sizeof proof->c);
    proof->r[0] &= 0x7f;
    proof->c_bytes = lk_draw_below(8) == 0 ? 32 : 16;
    next_point(lib_of(curve), proof->bg);
    LK_ASSERT(lk_ec_proof_close(proof));
}

void lk_ec_proof_point(const struct lk_ec_curve *curve, uint8_t *point, const uint8_t *k,
                       bool negative)
{
    struct lib *lib = lib_of(curve);
    BN_bin2bn(k, (int)lib->bytes, lib->x);
    LK_ASSERT(EC_POINT_mul(lib->group, lib->a, lib->x, NULL, NULL, lib->ctx) == 1);
    if (negative) LK_ASSERT(EC_POINT_invert(lib->group, lib->a, lib->ctx) == 1);
    LK_ASSERT(point_write(lib, lib->a, point));
}

/* --- wrong ---------------------------------------------------------------------------------- */

static void flip(uint8_t *bytes, size_t len)
{
    bytes[lk_draw_below(len)] ^= (uint8_t)(1u << lk_draw_below(8));
}

static void negate(struct lib *lib, uint8_t *point)
{
    LK_ASSERT(point_read(lib, lib->a, point) && EC_POINT_invert(lib->group, lib->a, lib->ctx) == 1);
    LK_ASSERT(point_write(lib, lib->a, point));
}

/* x^3 - 3x and u^3 - 3u are the same where u^2 + x u + x^2 - 3 = 0: u = (sqrt(12 - 3 x^2) - x) /
 * 2. False: there is none. */
static bool same_y(struct lib *lib, uint8_t *point)
{
    BN_bin2bn(point + 1, (int)lib->bytes, lib->x);
    BN_mod_sqr(lib->y, lib->x, lib->p, lib->ctx);
    BN_mul_word(lib->y, 3);
    BN_set_word(lib->z, 12);
    BN_mod_sub(lib->y, lib->z, lib->y, lib->p, lib->ctx);
    if (BN_mod_sqrt(lib->z, lib->y, lib->p, lib->ctx) == NULL) return false;
    BN_mod_sub(lib->z, lib->z, lib->x, lib->p, lib->ctx);
    if (BN_is_odd(lib->z)) BN_add(lib->z, lib->z, lib->p);
    BN_rshift1(lib->z, lib->z);
    if (BN_cmp(lib->z, lib->x) == 0) return false;
    number_write(lib, lib->z, point + 1);
    LK_ASSERT(point_read(lib, lib->a, point));
    return true;
}

/* A small r has room for it; the equation holds all the same. */
static void add_order(struct lib *lib, struct lk_ec_proof *proof)
{
    memset(proof->r, 0, lib->bytes - 23);
    LK_ASSERT(lk_ec_proof_close(proof));
    BN_bin2bn(proof->r, (int)lib->bytes, lib->x);
    BN_add(lib->x, lib->x, EC_GROUP_get0_order(lib->group));
    number_write(lib, lib->x, proof->r);
}

void lk_ec_proof_spoil(struct lk_ec_proof *proof, enum lk_ec_wrong how)
{
    struct lib *lib = lib_of(proof->curve);
    switch (how) {
    case LK_EC_WRONG_R: flip(proof->r, lib->bytes); break;
    case LK_EC_WRONG_CHALLENGE: flip(proof->c, proof->c_bytes); break;
    case LK_EC_WRONG_KEY: next_point(lib, proof->bg); break;
    case LK_EC_WRONG_V: next_point(lib, proof->vg); break;
    case LK_EC_WRONG_SIGN: negate(lib, proof->vg); break;
    case LK_EC_WRONG_X:
        if (!same_y(lib, proof->vg)) next_point(lib, proof->vg);
        break;
    case LK_EC_WRONG_ORDER: add_order(lib, proof); break;
    case LK_EC_WRONG_COUNT: break;
    }
}

/* A small x that is on the curve, and p more. */
static void beyond_the_field(struct lib *lib, uint8_t *point)
{
    BN_set_word(lib->x, (BN_ULONG)lk_draw_below(1 << 20));
    while (EC_POINT_set_compressed_coordinates(lib->group, lib->a, lib->x, 0, lib->ctx) != 1)
        BN_add_word(lib->x, 1);
    LK_ASSERT(point_write(lib, lib->a, point));
    BN_add(lib->x, lib->x, lib->p);
    number_write(lib, lib->x, point + 1);
}

void lk_ec_proof_hostile_point(const struct lk_ec_curve *curve, uint8_t *point)
{
    struct lib *lib = lib_of(curve);
    unsigned bytes = lib->bytes;
    next_point(lib, point);
    switch (lk_draw_below(8)) {
    case 0: memset(point + 1, 0, 2 * bytes); break;
    case 1: memset(point + 1, 0xff, lk_draw_below(2) ? bytes : 2 * bytes); break;
    case 2: beyond_the_field(lib, point); break;
    case 3: memset(point + 1 + bytes, 0, bytes); break; /* y = 0, which no point has */
    case 4: lk_draw_bytes(point + 1, 2 * bytes); break;
    default: flip(point + 1, 2 * bytes); break;
    }
}

/* --- as it is asked ------------------------------------------------------------------------- */

struct lk_operand lk_ec_proof_operand(const struct lk_ec_proof *proof)
{
    return (struct lk_operand){.in = proof->bg,
                               .in_bytes = 1 + 2 * proof->curve->bytes,
                               .poo_point = proof->vg,
                               .poo_r = proof->r,
                               .poo_challenge = proof->c,
                               .poo_challenge_bytes = proof->c_bytes};
}

struct lk_poo_job lk_ec_proof_job(const struct lk_ec_proof *proof)
{
    return (struct lk_poo_job){.bg = proof->bg + 1,
                               .vg = proof->vg + 1,
                               .r = proof->r,
                               .challenge = proof->c,
                               .challenge_bytes = proof->c_bytes};
}

unsigned lk_poo_ways(const struct lk_ec_curve *curve, struct lk_poo_way *ways)
{
    static const struct lk_poo_way all[LK_EC_CURVES][LK_POO_WAYS_MAX] = {
        {{NULL, &lk_p256_poo_x2_ref, &lk_poo_p256_row_ref, LK_ROW_POO_P256},
         {NULL, &lk_p256_poo_x8_ifma, &lk_poo_p256_row_ifma, LK_ROW_POO_P256}},
        {{NULL, &lk_p384_poo_x2_ref, &lk_poo_p384_row_ref, LK_ROW_POO_P384},
         {NULL, &lk_p384_poo_x8_ifma, &lk_poo_p384_row_ifma, LK_ROW_POO_P384}},
    };
    uint32_t features;
    (void)lk_cpu_features(&features);
    unsigned count = (features >> LK_CPU_IFMA & 1) != 0 ? 2 : 1;
    for (unsigned i = 0; i < count; i++) {
        ways[i] = all[curve - lk_ec_curves][i];
        ways[i].curve = curve;
        LK_ASSERT(ways[i].kernel->bytes == curve->bytes);
        LK_ASSERT(strcmp(ways[i].kernel->name, curve->name) == 0);
    }
    return count;
}

bool lk_poo_way_is_model(const struct lk_poo_way *way)
{
    return way->kernel->needs == LK_CPU_FEATURE_COUNT;
}
