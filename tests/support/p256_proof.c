#include "tests/support/p256_proof.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/support/draw.h"

/* Numbers that all of it shares. */
static struct {
    EC_GROUP *group;
    BN_CTX *ctx;
    EC_POINT *walk, *step, *a;
    BIGNUM *p, *x, *y, *z;
} lib;

static void lib_open(void)
{
    if (lib.group != NULL) return;
    uint8_t seed[32];
    lib.group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    lib.ctx = BN_CTX_new();
    lib.walk = EC_POINT_new(lib.group), lib.step = EC_POINT_new(lib.group);
    lib.a = EC_POINT_new(lib.group);
    lib.p = BN_new(), lib.x = BN_new(), lib.y = BN_new(), lib.z = BN_new();
    LK_ASSERT(EC_GROUP_get_curve(lib.group, lib.p, NULL, NULL, lib.ctx) == 1);
    lk_draw_bytes(seed, sizeof seed);
    BN_bin2bn(seed, sizeof seed, lib.x);
    LK_ASSERT(EC_POINT_mul(lib.group, lib.walk, lib.x, NULL, NULL, lib.ctx) == 1);
    BN_add_word(lib.x, 0x12345);
    LK_ASSERT(EC_POINT_mul(lib.group, lib.step, lib.x, NULL, NULL, lib.ctx) == 1);
}

static bool write(const EC_POINT *point, uint8_t to[65])
{
    return EC_POINT_point2oct(lib.group, point, POINT_CONVERSION_UNCOMPRESSED, to, 65, lib.ctx) ==
           65;
}

static bool read(EC_POINT *point, const uint8_t from[65])
{
    return EC_POINT_oct2point(lib.group, point, from, 65, lib.ctx) == 1;
}

bool lk_p256_proof_close(struct lk_p256_proof *proof)
{
    lib_open();
    BN_bin2bn(proof->r, sizeof proof->r, lib.x);
    BN_bin2bn(proof->c, (int)proof->c_bytes, lib.y);
    EC_POINT *sum = EC_POINT_new(lib.group);
    bool good = read(lib.a, proof->bg) &&
                EC_POINT_mul(lib.group, sum, lib.x, lib.a, lib.y, lib.ctx) == 1 &&
                write(sum, proof->vg);
    if (!good) LK_ASSERT(write(EC_GROUP_get0_generator(lib.group), proof->vg));
    EC_POINT_free(sum);
    return good;
}

static void next_point(uint8_t to[65])
{
    lib_open();
    LK_ASSERT(EC_POINT_add(lib.group, lib.walk, lib.walk, lib.step, lib.ctx) == 1);
    LK_ASSERT(write(lib.walk, to));
}

void lk_p256_proof_draw(struct lk_p256_proof *proof)
{
    lk_draw_bytes(proof->r, sizeof proof->r);
    lk_draw_bytes(proof->c, sizeof proof->c);
    proof->r[0] &= 0x7f;
    proof->c_bytes = lk_draw_below(8) == 0 ? 32 : 16;
    next_point(proof->bg);
    LK_ASSERT(lk_p256_proof_close(proof));
}

void lk_p256_proof_point(uint8_t point[65], const uint8_t k[32], bool negative)
{
    lib_open();
    BN_bin2bn(k, 32, lib.x);
    LK_ASSERT(EC_POINT_mul(lib.group, lib.a, lib.x, NULL, NULL, lib.ctx) == 1);
    if (negative) LK_ASSERT(EC_POINT_invert(lib.group, lib.a, lib.ctx) == 1);
    LK_ASSERT(write(lib.a, point));
}

/* --- wrong ---------------------------------------------------------------------------------- */

static void flip(uint8_t *bytes, size_t len)
{
    bytes[lk_draw_below(len)] ^= (uint8_t)(1u << lk_draw_below(8));
}

static void negate(uint8_t point[65])
{
    LK_ASSERT(read(lib.a, point) && EC_POINT_invert(lib.group, lib.a, lib.ctx) == 1);
    LK_ASSERT(write(lib.a, point));
}

/* x^3 - 3x and u^3 - 3u are the same where u^2 + x u + x^2 - 3 = 0: u = (sqrt(12 - 3 x^2) - x) /
 * 2. False: there is none. */
static bool same_y(uint8_t point[65])
{
    BN_bin2bn(point + 1, 32, lib.x);
    BN_mod_sqr(lib.y, lib.x, lib.p, lib.ctx);
    BN_mul_word(lib.y, 3);
    BN_set_word(lib.z, 12);
    BN_mod_sub(lib.y, lib.z, lib.y, lib.p, lib.ctx);
    if (BN_mod_sqrt(lib.z, lib.y, lib.p, lib.ctx) == NULL) return false;
    BN_mod_sub(lib.z, lib.z, lib.x, lib.p, lib.ctx);
    if (BN_is_odd(lib.z)) BN_add(lib.z, lib.z, lib.p);
    BN_rshift1(lib.z, lib.z);
    if (BN_cmp(lib.z, lib.x) == 0) return false;
    LK_ASSERT(BN_bn2binpad(lib.z, point + 1, 32) == 32 && read(lib.a, point));
    return true;
}

/* A small r has room for it; the equation holds all the same. */
static void add_order(struct lk_p256_proof *proof)
{
    memset(proof->r, 0, 5);
    LK_ASSERT(lk_p256_proof_close(proof));
    BN_bin2bn(proof->r, sizeof proof->r, lib.x);
    BN_add(lib.x, lib.x, EC_GROUP_get0_order(lib.group));
    LK_ASSERT(BN_bn2binpad(lib.x, proof->r, 32) == 32);
}

void lk_p256_proof_spoil(struct lk_p256_proof *proof, enum lk_p256_wrong how)
{
    lib_open();
    switch (how) {
    case LK_P256_WRONG_R: flip(proof->r, sizeof proof->r); break;
    case LK_P256_WRONG_CHALLENGE: flip(proof->c, proof->c_bytes); break;
    case LK_P256_WRONG_KEY: next_point(proof->bg); break;
    case LK_P256_WRONG_V: next_point(proof->vg); break;
    case LK_P256_WRONG_SIGN: negate(proof->vg); break;
    case LK_P256_WRONG_X:
        if (!same_y(proof->vg)) next_point(proof->vg);
        break;
    case LK_P256_WRONG_ORDER: add_order(proof); break;
    case LK_P256_WRONG_COUNT: break;
    }
}

/* A small x that is on the curve, and p more. */
static void beyond_the_field(uint8_t point[65])
{
    BN_set_word(lib.x, (BN_ULONG)lk_draw_below(1 << 20));
    while (EC_POINT_set_compressed_coordinates(lib.group, lib.a, lib.x, 0, lib.ctx) != 1)
        BN_add_word(lib.x, 1);
    LK_ASSERT(write(lib.a, point));
    BN_add(lib.x, lib.x, lib.p);
    LK_ASSERT(BN_bn2binpad(lib.x, point + 1, 32) == 32);
}

void lk_p256_proof_hostile_point(uint8_t point[65])
{
    next_point(point);
    switch (lk_draw_below(8)) {
    case 0: memset(point + 1, 0, 64); break;
    case 1: memset(point + 1, 0xff, lk_draw_below(2) ? 32 : 64); break;
    case 2: beyond_the_field(point); break;
    case 3: memset(point + 33, 0, 32); break; /* y = 0, which no point has */
    case 4: lk_draw_bytes(point + 1, 64); break;
    default: flip(point + 1, 64); break;
    }
}

/* --- as it is asked ------------------------------------------------------------------------- */

struct lk_operand lk_p256_proof_operand(const struct lk_p256_proof *proof)
{
    return (struct lk_operand){.in = proof->bg,
                               .in_bytes = sizeof proof->bg,
                               .poo_point = proof->vg,
                               .poo_r = proof->r,
                               .poo_challenge = proof->c,
                               .poo_challenge_bytes = proof->c_bytes};
}

struct lk_p256_poo_job lk_p256_proof_job(const struct lk_p256_proof *proof)
{
    return (struct lk_p256_poo_job){.bg = proof->bg + 1,
                                    .vg = proof->vg + 1,
                                    .r = proof->r,
                                    .challenge = proof->c,
                                    .challenge_bytes = proof->c_bytes};
}

unsigned lk_p256_poo_kernels(const struct lk_p256_poo_kernel **kernels)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    kernels[0] = &lk_p256_poo_x2_ref;
    kernels[1] = &lk_p256_poo_x8_ifma;
    return (features >> LK_CPU_IFMA & 1) != 0 ? 2 : 1;
}
