#include "tests/support/ecdh_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "core/base/err.h"
#include "tests/support/draw.h"

#define NOWHERE ((void *)(uintptr_t)0xdead000000000000u) /* reading it is a fault */
#define LEFT_OVER 0xa5
#define LEFT_OVER_WORD UINT64_C(0xa5a5a5a5a5a5a5a5)
#define UNTOUCHED 0xee
#define X25519_BYTES 32

/* --- libcrypto's word ----------------------------------------------------------------------- */

static bool expect_x25519(const uint8_t *secret, const uint8_t *peer, uint8_t *own, uint8_t *shared)
{
    size_t own_bytes = X25519_BYTES, shared_bytes = X25519_BYTES;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, X25519_BYTES);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, X25519_BYTES);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    LK_ASSERT(EVP_PKEY_get_raw_public_key(key, own, &own_bytes) == 1);
    LK_ASSERT(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1);
    bool good = EVP_PKEY_derive(ctx, shared, &shared_bytes) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

static void point_write(const struct lk_ec_curve *curve, const EC_POINT *point, uint8_t *to)
{
    size_t len = 1 + 2 * curve->bytes;
    LK_ASSERT(EC_POINT_point2oct(lk_ec_group(curve), point, POINT_CONVERSION_UNCOMPRESSED, to, len,
                                 NULL) == len);
}

static bool expect_nist(const struct lk_ec_curve *curve, const uint8_t *secret, const uint8_t *peer,
                        uint8_t *own, uint8_t *shared)
{
    const EC_GROUP *group = lk_ec_group(curve);
    uint8_t octets[LK_ECDH_POINT_BYTES_MAX];
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *k = BN_bin2bn(secret, LK_ECDH_SECRET_BYTES_MAX, NULL);
    EC_POINT *point = EC_POINT_new(group);
    LK_ASSERT(BN_nnmod(k, k, EC_GROUP_get0_order(group), ctx) == 1 && !BN_is_zero(k));
    LK_ASSERT(EC_POINT_mul(group, point, k, NULL, NULL, ctx) == 1);
    point_write(curve, point, own);
    bool good = peer[0] == 4 &&
                EC_POINT_oct2point(group, point, peer, 1 + 2 * curve->bytes, ctx) == 1;
    if (good) {
        LK_ASSERT(EC_POINT_mul(group, point, NULL, point, k, ctx) == 1);
        point_write(curve, point, octets);
        memcpy(shared, octets + 1, curve->bytes);
    }
    EC_POINT_free(point);
    BN_free(k);
    BN_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

bool lk_ecdh_expect(const struct lk_ecdh_kernel *kernel, const uint8_t *secret, const uint8_t *peer,
                    uint8_t *own, uint8_t *shared)
{
    const struct lk_ec_curve *curve = lk_ecdh_curve(kernel);
    return curve == NULL ? expect_x25519(secret, peer, own, shared)
                         : expect_nist(curve, secret, peer, own, shared);
}

void lk_ecdh_draw_peer(const struct lk_ecdh_kernel *kernel, uint8_t *peer)
{
    const struct lk_ec_curve *curve = lk_ecdh_curve(kernel);
    uint8_t drawn[X25519_BYTES];
    lk_draw_bytes(drawn, sizeof drawn);
    if (curve == NULL) {
        memcpy(peer, drawn, sizeof drawn);
        return;
    }
    BIGNUM *k = BN_bin2bn(drawn, sizeof drawn, NULL);
    EC_POINT *point = EC_POINT_new(lk_ec_group(curve));
    LK_ASSERT(EC_POINT_mul(lk_ec_group(curve), point, k, NULL, NULL, NULL) == 1);
    point_write(curve, point, peer);
    EC_POINT_free(point);
    BN_free(k);
}

/* --- a kernel ------------------------------------------------------------------------------- */

unsigned lk_ecdh_kernels(const struct lk_ecdh_kernel **kernels)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    kernels[0] = &lk_x25519_x2_ref;
    kernels[1] = &lk_p256_ecdh_x2_ref;
    kernels[2] = &lk_p384_ecdh_x2_ref;
    kernels[3] = &lk_x25519_x8_ifma;
    kernels[4] = &lk_p256_ecdh_x8_ifma;
    kernels[5] = &lk_p384_ecdh_x8_ifma;
    return (features >> LK_CPU_IFMA & 1) != 0 ? 6 : 3;
}

bool lk_ecdh_kernel_is_model(const struct lk_ecdh_kernel *kernel)
{
    return kernel->needs == LK_CPU_FEATURE_COUNT;
}

bool lk_ecdh_kernel_is_x25519(const struct lk_ecdh_kernel *kernel)
{
    return kernel->point_bytes == X25519_BYTES;
}

const struct lk_ec_curve *lk_ecdh_curve(const struct lk_ecdh_kernel *kernel)
{
    for (unsigned i = 0; i < LK_EC_CURVES; i++)
        if (strcmp(lk_ec_curves[i].name, kernel->name) == 0) return &lk_ec_curves[i];
    return NULL;
}

unsigned lk_ecdh_less(const struct lk_ecdh_kernel *kernel)
{
    return lk_ecdh_curve(kernel) == &lk_ec_curves[1] ? 20 : 1;
}

void lk_ecdh_trial_open(struct lk_ecdh_trial *trial, const struct lk_ecdh_kernel *kernel)
{
    memset(trial, 0, sizeof *trial);
    trial->kernel = kernel;
    LK_ASSERT(kernel->requests <= LK_ECDH_REQUESTS_MAX && kernel->work_bytes % 8 == 0);
    LK_ASSERT(kernel->shared_bytes <= LK_ECDH_SHARED_BYTES_MAX);
    trial->work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(trial->work != NULL);
}

void lk_ecdh_trial_close(struct lk_ecdh_trial *trial)
{
    free(trial->work);
}

uint64_t lk_ecdh_trial_all(const struct lk_ecdh_trial *trial)
{
    return ~UINT64_C(0) >> (64 - trial->kernel->requests);
}

void lk_ecdh_trial_fill(struct lk_ecdh_trial *trial, uint64_t live)
{
    for (unsigned i = 0; i < LK_ECDH_REQUESTS_MAX; i++) {
        trial->job[i] = (struct lk_ecdh_job){NOWHERE, NOWHERE, NOWHERE, NOWHERE};
        if ((live >> i & 1) == 0) continue;
        lk_draw_bytes(trial->secret[i], sizeof trial->secret[i]);
        lk_ecdh_draw_peer(trial->kernel, trial->peer[i]);
        trial->job[i] = (struct lk_ecdh_job){trial->secret[i], trial->peer[i], trial->own[i],
                                             trial->shared[i]};
    }
}

static void assert_bytes(const uint8_t *from, size_t len, uint8_t what)
{
    for (size_t i = 0; i < len; i++)
        if (from[i] != what) fail_msg("byte %zu is %02x, not %02x", i, from[i], what);
}

static void after(const struct lk_ecdh_trial *trial, uint64_t live, uint64_t returned, bool own)
{
    const uint64_t *word = (const uint64_t *)(const void *)trial->work;
    for (size_t i = 0; i < trial->kernel->work_bytes / sizeof *word; i++)
        if (word[i] != 0 && word[i] != LEFT_OVER_WORD)
            fail_msg("scratch is not wiped at %zu", 8 * i);
    for (unsigned i = 0; i < LK_ECDH_REQUESTS_MAX; i++) {
        bool alive = (live >> i & 1) != 0, there = (returned >> i & 1) != 0;
        size_t owned = alive && own ? trial->kernel->point_bytes : 0;
        size_t shared = alive ? trial->kernel->shared_bytes : 0;
        assert_bytes(trial->own[i] + owned, sizeof trial->own[i] - owned, UNTOUCHED);
        assert_bytes(trial->shared[i] + shared, sizeof trial->shared[i] - shared, UNTOUCHED);
        if (there) continue;
        assert_bytes(trial->own[i], owned, 0);
        assert_bytes(trial->shared[i], shared, 0);
    }
}

static uint64_t run(struct lk_ecdh_trial *trial, uint64_t live, bool own)
{
    memset(trial->work, LEFT_OVER, trial->kernel->work_bytes);
    memset(trial->own, UNTOUCHED, sizeof trial->own);
    memset(trial->shared, UNTOUCHED, sizeof trial->shared);
    trial->refused = ~UINT64_C(0);
    uint64_t returned = (own ? trial->kernel->agree : trial->kernel->derive)(
        trial->work, trial->job, live, &trial->refused);
    assert_int_equal((returned | trial->refused) & ~live, 0);
    assert_int_equal(returned & trial->refused, 0);
    after(trial, live, returned, own);
    return returned;
}

uint64_t lk_ecdh_trial_run(struct lk_ecdh_trial *trial, uint64_t live)
{
    return run(trial, live, true);
}

uint64_t lk_ecdh_trial_derive(struct lk_ecdh_trial *trial, uint64_t live)
{
    return run(trial, live, false);
}

void lk_ecdh_trial_judge(const struct lk_ecdh_trial *trial, uint64_t returned, unsigned lane)
{
    const struct lk_ecdh_kernel *kernel = trial->kernel;
    uint8_t own[LK_ECDH_POINT_BYTES_MAX], shared[LK_ECDH_SHARED_BYTES_MAX];
    bool good = lk_ecdh_expect(kernel, trial->secret[lane], trial->peer[lane], own, shared);
    if (good != ((returned >> lane & 1) != 0) || good == ((trial->refused >> lane & 1) != 0))
        fail_msg("%s %s: lane %u, the library says %d", kernel->name, kernel->isa, lane, good);
    if (!good) return;
    assert_memory_equal(trial->shared[lane], shared, kernel->shared_bytes);
    assert_memory_equal(trial->own[lane], own, kernel->point_bytes);
}
