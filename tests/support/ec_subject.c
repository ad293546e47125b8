#include "tests/support/ec_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include "core/base/err.h"
#include "crypto/ec/p256_const.h"
#include "crypto/ec/p384_const.h"
#include "crypto/engine_ec_batch.h"
#include "crypto/engine_ec_key.h"
#include "tests/support/draw.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* keys made of numbers */

#define NOWHERE ((void *)(uintptr_t)0xdead000000000000u) /* reading it is a fault */
#define LEFT_OVER 0xa5
#define LEFT_OVER_WORD UINT64_C(0xa5a5a5a5a5a5a5a5)
#define UNTOUCHED 0xee

const struct lk_ec_curve lk_ec_curves[LK_EC_CURVES] = {
    {.name = "p256",
     .nid = NID_X9_62_prime256v1,
     .bytes = LK_P256_BYTES,
     .row = LK_ROW_P256,
     .ifma = &lk_p256_x8_ifma,
     .ref = &lk_p256_x2_ref,
     .row_ifma = &lk_p256_row_ifma,
     .row_ref = &lk_p256_row_ref,
     .table = lk_p256_table[0][0],
     .digits = LK_P256_DIGITS,
     .window_bits = LK_P256_WINDOW_BITS,
     .windows = LK_P256_WINDOWS,
     .entries = LK_P256_ENTRIES,
     .last = 15}, /* three bits are left of 256 */
    {.name = "p384",
     .nid = NID_secp384r1,
     .bytes = LK_P384_BYTES,
     .row = LK_ROW_P384,
     .ifma = &lk_p384_x8_ifma,
     .ref = &lk_p384_x2_ref,
     .row_ifma = &lk_p384_row_ifma,
     .row_ref = &lk_p384_row_ref,
     .table = lk_p384_table[0][0],
     .digits = LK_P384_DIGITS,
     .window_bits = LK_P384_WINDOW_BITS,
     .windows = LK_P384_WINDOWS,
     .entries = LK_P384_ENTRIES,
     .last = 63}, /* five */
};

const struct lk_ec_curve *lk_ec_curve_of(const struct lk_ec_kernel *kernel)
{
    unsigned i = 0;
    while (strcmp(lk_ec_curves[i].name, kernel->name) != 0)
        i++;
    return &lk_ec_curves[i];
}

const EC_GROUP *lk_ec_group(const struct lk_ec_curve *curve)
{
    static EC_GROUP *group[LK_EC_CURVES];
    EC_GROUP **at = &group[curve - lk_ec_curves];
    if (*at == NULL) *at = EC_GROUP_new_by_curve_name(curve->nid);
    LK_ASSERT(*at != NULL);
    return *at;
}

/* --- keys ----------------------------------------------------------------------------------- */

static void draw_scalar(uint8_t *d, unsigned bytes)
{
    lk_draw_bytes(d, bytes);
    d[0] &= 0x7f;
    d[bytes - 1] |= 1;
}

void lk_ec_subject_init(struct lk_ec_subject *subject, const struct lk_ec_curve *curve,
                        const uint8_t *d)
{
    uint8_t drawn[LK_EC_BYTES_MAX], *der = NULL;
    draw_scalar(drawn, curve->bytes);
    BIGNUM *x = BN_bin2bn(d != NULL ? d : drawn, (int)curve->bytes, NULL);
    EC_POINT *point = EC_POINT_new(lk_ec_group(curve));
    EC_KEY *ec = subject->ec = EC_KEY_new_by_curve_name(curve->nid);
    LK_ASSERT(ec != NULL && EC_POINT_mul(lk_ec_group(curve), point, x, NULL, NULL, NULL) == 1);
    LK_ASSERT(EC_KEY_set_private_key(ec, x) == 1 && EC_KEY_set_public_key(ec, point) == 1);
    int len = i2d_ECPrivateKey(ec, &der);
    enum lk_key_fault fault;
    subject->curve = curve;
    subject->engine = lk_engine_key_new(der, (size_t)len, NULL, 1, &fault);
    subject->kernel = lk_ec_key_new(ec);
    LK_ASSERT(subject->engine != NULL && subject->kernel != NULL);
    OPENSSL_free(der);
    EC_POINT_free(point);
    BN_free(x);
}

void lk_ec_subject_fini(struct lk_ec_subject *subject)
{
    lk_ec_key_free(subject->kernel);
    lk_engine_key_free(subject->engine);
    EC_KEY_free(subject->ec);
}

/* --- libcrypto's word ----------------------------------------------------------------------- */

bool lk_ec_subject_verifies(const struct lk_ec_subject *subject, const uint8_t *digest,
                            size_t digest_bytes, const uint8_t *signature)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned bytes = subject->curve->bytes;
    BIGNUM *r = BN_bin2bn(signature, (int)bytes, NULL);
    BIGNUM *s = BN_bin2bn(signature + bytes, (int)bytes, NULL);
    LK_ASSERT(sig != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
    bool good = ECDSA_do_verify(digest, (int)digest_bytes, sig, subject->ec) == 1;
    ECDSA_SIG_free(sig);
    return good;
}

bool lk_ec_times_base(const struct lk_ec_curve *curve, const uint8_t *k, uint8_t *xy)
{
    uint8_t octets[1 + 2 * LK_EC_BYTES_MAX];
    BIGNUM *x = BN_bin2bn(k, (int)curve->bytes, NULL);
    EC_POINT *point = EC_POINT_new(lk_ec_group(curve));
    LK_ASSERT(x != NULL && EC_POINT_mul(lk_ec_group(curve), point, x, NULL, NULL, NULL) == 1);
    size_t want = 1 + 2 * curve->bytes;
    size_t len = EC_POINT_point2oct(lk_ec_group(curve), point, POINT_CONVERSION_UNCOMPRESSED,
                                    octets, sizeof octets, NULL);
    if (len == want) memcpy(xy, octets + 1, want - 1);
    EC_POINT_free(point);
    BN_free(x);
    return len == want;
}

void lk_ec_near_order(const struct lk_ec_curve *curve, int64_t offset, bool half, uint8_t *to)
{
    BIGNUM *n = BN_dup(EC_GROUP_get0_order(lk_ec_group(curve)));
    LK_ASSERT(n != NULL);
    if (offset < 0)
        BN_sub_word(n, (BN_ULONG)-offset);
    else
        BN_add_word(n, (BN_ULONG)offset);
    if (half) BN_rshift1(n, n);
    LK_ASSERT(BN_bn2binpad(n, to, (int)curve->bytes) == (int)curve->bytes);
    BN_free(n);
}

/* 2 last 2^shift - n: then last 2^shift is the last entry, and n less than it was the sum before.
 */
void lk_ec_exception(const struct lk_ec_curve *curve, uint8_t *k)
{
    BIGNUM *x = BN_new();
    int shift = (int)(curve->window_bits * (curve->windows - 1));
    LK_ASSERT(x != NULL && BN_set_word(x, 2 * curve->last) && BN_lshift(x, x, shift));
    LK_ASSERT(BN_sub(x, x, EC_GROUP_get0_order(lk_ec_group(curve))));
    LK_ASSERT(BN_bn2binpad(x, k, (int)curve->bytes) == (int)curve->bytes);
    BN_free(x);
}

/* --- a kernel ------------------------------------------------------------------------------- */

unsigned lk_ec_kernels(const struct lk_ec_kernel **kernels)
{
    uint32_t features;
    unsigned count = 0;
    (void)lk_cpu_features(&features);
    for (unsigned i = 0; i < LK_EC_CURVES; i++) {
        kernels[count++] = lk_ec_curves[i].ref;
        if ((features >> LK_CPU_IFMA & 1) != 0) kernels[count++] = lk_ec_curves[i].ifma;
    }
    return count;
}

void lk_ec_trial_open(struct lk_ec_trial *trial, const struct lk_ec_kernel *kernel)
{
    memset(trial, 0, sizeof *trial);
    trial->kernel = kernel;
    LK_ASSERT(kernel->requests <= LK_EC_REQUESTS_MAX && kernel->work_bytes % 8 == 0);
    trial->work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(trial->work != NULL);
    lk_ec_trial_clear(trial);
}

void lk_ec_trial_close(struct lk_ec_trial *trial)
{
    free(trial->work);
}

void lk_ec_trial_clear(struct lk_ec_trial *trial)
{
    for (unsigned i = 0; i < LK_EC_REQUESTS_MAX; i++)
        trial->job[i] = (struct lk_ec_job){NOWHERE, NOWHERE, 32, NOWHERE, NOWHERE};
}

void lk_ec_trial_set(struct lk_ec_trial *trial, unsigned lane, const struct lk_ec_subject *subject,
                     size_t digest_bytes)
{
    LK_ASSERT(digest_bytes <= sizeof trial->digest[0]);
    lk_draw_bytes(trial->digest[lane], digest_bytes);
    lk_draw_bytes(trial->nonce[lane], sizeof trial->nonce[lane]);
    trial->job[lane] = (struct lk_ec_job){.key = subject->kernel,
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

static void after(const struct lk_ec_trial *trial, uint64_t live, uint64_t returned)
{
    const uint64_t *word = (const uint64_t *)(const void *)trial->work;
    for (size_t i = 0; i < trial->kernel->work_bytes / sizeof *word; i++)
        if (word[i] != 0 && word[i] != LEFT_OVER_WORD)
            fail_msg("scratch is not wiped at %zu", 8 * i);
    for (unsigned i = 0; i < LK_EC_REQUESTS_MAX; i++) {
        size_t written = (live >> i & 1) != 0 ? 2 * trial->kernel->bytes : 0;
        assert_bytes(trial->signature[i] + written, sizeof trial->signature[i] - written,
                     UNTOUCHED);
        if (written != 0 && (returned >> i & 1) == 0) assert_bytes(trial->signature[i], written, 0);
    }
}

uint64_t lk_ec_trial_run(struct lk_ec_trial *trial, uint64_t live)
{
    memset(trial->work, LEFT_OVER, trial->kernel->work_bytes);
    memset(trial->signature, UNTOUCHED, sizeof trial->signature);
    uint64_t returned = trial->kernel->sign(trial->work, trial->job, live);
    assert_int_equal(returned & ~live, 0);
    after(trial, live, returned);
    return returned;
}
