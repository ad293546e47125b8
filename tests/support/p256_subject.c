#include "tests/support/p256_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include "core/base/err.h"
#include "crypto/engine_p256_key.h"
#include "tests/support/draw.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* keys made of numbers */

#define NOWHERE ((void *)(uintptr_t)0xdead000000000000u) /* reading it is a fault */
#define LEFT_OVER 0xa5
#define LEFT_OVER_WORD UINT64_C(0xa5a5a5a5a5a5a5a5)
#define UNTOUCHED 0xee

static const EC_GROUP *group(void)
{
    static EC_GROUP *p256;
    if (p256 == NULL) p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    LK_ASSERT(p256 != NULL);
    return p256;
}

/* --- keys ----------------------------------------------------------------------------------- */

static void draw_scalar(uint8_t *d)
{
    lk_draw_bytes(d, LK_P256_BYTES);
    d[0] &= 0x7f;
    d[31] |= 1;
}

void lk_p256_subject_init(struct lk_p256_subject *subject, const uint8_t *d)
{
    uint8_t drawn[LK_P256_BYTES], *der = NULL;
    draw_scalar(drawn);
    BIGNUM *x = BN_bin2bn(d != NULL ? d : drawn, LK_P256_BYTES, NULL);
    EC_POINT *point = EC_POINT_new(group());
    EC_KEY *ec = subject->ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    LK_ASSERT(ec != NULL && EC_POINT_mul(group(), point, x, NULL, NULL, NULL) == 1);
    LK_ASSERT(EC_KEY_set_private_key(ec, x) == 1 && EC_KEY_set_public_key(ec, point) == 1);
    int len = i2d_ECPrivateKey(ec, &der);
    enum lk_key_fault fault;
    subject->engine = lk_engine_key_new(der, (size_t)len, NULL, 1, &fault);
    subject->kernel = lk_p256_key_new(ec);
    LK_ASSERT(subject->engine != NULL && subject->kernel != NULL);
    OPENSSL_free(der);
    EC_POINT_free(point);
    BN_free(x);
}

void lk_p256_subject_fini(struct lk_p256_subject *subject)
{
    lk_p256_key_free(subject->kernel);
    lk_engine_key_free(subject->engine);
    EC_KEY_free(subject->ec);
}

/* --- libcrypto's word ----------------------------------------------------------------------- */

bool lk_p256_subject_verifies(const struct lk_p256_subject *subject, const uint8_t *digest,
                              size_t digest_bytes, const uint8_t *signature)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, LK_P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + LK_P256_BYTES, LK_P256_BYTES, NULL);
    LK_ASSERT(sig != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
    bool good = ECDSA_do_verify(digest, (int)digest_bytes, sig, subject->ec) == 1;
    ECDSA_SIG_free(sig);
    return good;
}

bool lk_p256_times_base(const uint8_t *k, uint8_t *xy)
{
    uint8_t octets[1 + 2 * LK_P256_BYTES];
    BIGNUM *x = BN_bin2bn(k, LK_P256_BYTES, NULL);
    EC_POINT *point = EC_POINT_new(group());
    LK_ASSERT(x != NULL && EC_POINT_mul(group(), point, x, NULL, NULL, NULL) == 1);
    size_t len = EC_POINT_point2oct(group(), point, POINT_CONVERSION_UNCOMPRESSED, octets,
                                    sizeof octets, NULL);
    if (len == sizeof octets) memcpy(xy, octets + 1, 2 * LK_P256_BYTES);
    EC_POINT_free(point);
    BN_free(x);
    return len == sizeof octets;
}

void lk_p256_near_order(int64_t offset, bool half, uint8_t *to)
{
    BIGNUM *n = BN_dup(EC_GROUP_get0_order(group()));
    LK_ASSERT(n != NULL);
    if (offset < 0)
        BN_sub_word(n, (BN_ULONG)-offset);
    else
        BN_add_word(n, (BN_ULONG)offset);
    if (half) BN_rshift1(n, n);
    LK_ASSERT(BN_bn2binpad(n, to, LK_P256_BYTES) == LK_P256_BYTES);
    BN_free(n);
}

/* 30 2^252 - n: then 15 2^252 is the last entry, and n less than it was the sum before. */
void lk_p256_exception(uint8_t *k)
{
    BIGNUM *x = BN_new();
    LK_ASSERT(x != NULL && BN_set_word(x, 30) && BN_lshift(x, x, 252));
    LK_ASSERT(BN_sub(x, x, EC_GROUP_get0_order(group())));
    LK_ASSERT(BN_bn2binpad(x, k, LK_P256_BYTES) == LK_P256_BYTES);
    BN_free(x);
}

/* --- a kernel ------------------------------------------------------------------------------- */

unsigned lk_p256_kernels(const struct lk_p256_kernel **kernels)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    kernels[0] = &lk_p256_x2_ref;
    kernels[1] = &lk_p256_x8_ifma;
    return (features >> LK_CPU_IFMA & 1) != 0 ? 2 : 1;
}

void lk_p256_trial_open(struct lk_p256_trial *trial, const struct lk_p256_kernel *kernel)
{
    memset(trial, 0, sizeof *trial);
    trial->kernel = kernel;
    LK_ASSERT(kernel->requests <= LK_P256_REQUESTS_MAX && kernel->work_bytes % 8 == 0);
    trial->work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(trial->work != NULL);
    lk_p256_trial_clear(trial);
}

void lk_p256_trial_close(struct lk_p256_trial *trial)
{
    free(trial->work);
}

void lk_p256_trial_clear(struct lk_p256_trial *trial)
{
    for (unsigned i = 0; i < LK_P256_REQUESTS_MAX; i++)
        trial->job[i] = (struct lk_p256_job){NOWHERE, NOWHERE, 32, NOWHERE, NOWHERE};
}

void lk_p256_trial_set(struct lk_p256_trial *trial, unsigned lane,
                       const struct lk_p256_subject *subject, size_t digest_bytes)
{
    LK_ASSERT(digest_bytes <= sizeof trial->digest[0]);
    lk_draw_bytes(trial->digest[lane], digest_bytes);
    lk_draw_bytes(trial->nonce[lane], sizeof trial->nonce[lane]);
    trial->job[lane] = (struct lk_p256_job){.key = subject->kernel,
                                            .digest = trial->digest[lane],
                                            .digest_bytes = digest_bytes,
                                            .nonce = trial->nonce[lane],
                                            .signature = trial->signature[lane]};
}

static void assert_bytes(const uint8_t *from, size_t len, uint8_t what)
{
    for (size_t i = 0; i < len; i++)
        if (from[i] != what) fail_msg("byte %zu is %02x, not %02x", i, from[i], what);
}

static void after(const struct lk_p256_trial *trial, uint64_t live, uint64_t returned)
{
    const uint64_t *word = (const uint64_t *)(const void *)trial->work;
    for (size_t i = 0; i < trial->kernel->work_bytes / sizeof *word; i++)
        if (word[i] != 0 && word[i] != LEFT_OVER_WORD)
            fail_msg("scratch is not wiped at %zu", 8 * i);
    for (unsigned i = 0; i < LK_P256_REQUESTS_MAX; i++) {
        size_t written = (live >> i & 1) != 0 ? 2 * LK_P256_BYTES : 0;
        assert_bytes(trial->signature[i] + written, sizeof trial->signature[i] - written,
                     UNTOUCHED);
        if (written != 0 && (returned >> i & 1) == 0) assert_bytes(trial->signature[i], written, 0);
    }
}

uint64_t lk_p256_trial_run(struct lk_p256_trial *trial, uint64_t live)
{
    memset(trial->work, LEFT_OVER, trial->kernel->work_bytes);
    memset(trial->signature, UNTOUCHED, sizeof trial->signature);
    uint64_t returned = trial->kernel->sign(trial->work, trial->job, live);
    assert_int_equal(returned & ~live, 0);
    after(trial, live, returned);
    return returned;
}
