#include "crypto/ecdsa_check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cpu.h"

struct lk_ecdsa_check {
    const struct lk_verify_kernel *kernel;
    uint64_t prepared[];
};

static const struct {
    const char *group; /* OpenSSL's name */
    const struct lk_verify_kernel *kernel;
} kernels[] = {
    {"prime256v1", &lk_p256_verify_x8_ifma},
    {"secp384r1", &lk_p384_verify_x8_ifma},
};

/* What a kernel works on: too large for the stack of an asynchronous job. */
static void *work_new(const struct lk_verify_kernel *kernel)
{
    return aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* The group's name as the kernels have it; NULL: of none. */
static const char *curve_of(const EVP_PKEY *key)
{
    char group[32];
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1) return NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (strcmp(kernels[i].group, group) == 0) return kernels[i].kernel->name;
    return NULL;
}

static bool coordinate(const EVP_PKEY *key, const char *name, uint8_t *to, unsigned bytes)
{
    BIGNUM *x = NULL;
    bool good = EVP_PKEY_get_bn_param(key, name, &x) == 1 &&
                BN_bn2binpad(x, to, (int)bytes) == (int)bytes;
    BN_free(x);
    return good;
}

static bool prepared(struct lk_ecdsa_check *check, const EVP_PKEY *key)
{
    uint8_t xy[2 * LK_VERIFY_BYTES_MAX];
    unsigned bytes = check->kernel->bytes;
    void *work = work_new(check->kernel);
    bool good = work != NULL && coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, xy, bytes) &&
                coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, xy + bytes, bytes) &&
                check->kernel->prepare(work, check->prepared, xy);
    free(work);
    return good;
}

static struct lk_ecdsa_check *check_make(const struct lk_verify_kernel *kernel, const EVP_PKEY *key)
{
    const char *curve = curve_of(key);
    if (curve == NULL || strcmp(curve, kernel->name) != 0) return NULL;
    struct lk_ecdsa_check *check = OPENSSL_malloc(sizeof *check + kernel->prepared_bytes);
    if (check == NULL) return NULL;
    check->kernel = kernel;
    if (prepared(check, key)) return check;
    lk_ecdsa_check_free(check);
    return NULL;
}

struct lk_ecdsa_check *lk_ecdsa_check_by(const struct lk_verify_kernel *kernel, const EVP_PKEY *key)
{
    ERR_set_mark();
    struct lk_ecdsa_check *check = check_make(kernel, key);
    ERR_pop_to_mark();
    return check;
}

struct lk_ecdsa_check *lk_ecdsa_check_new(uint32_t features, const EVP_PKEY *key)
{
    struct lk_ecdsa_check *check = NULL;
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0] && check == NULL; i++)
        if ((features >> kernels[i].kernel->needs & 1) != 0)
            check = lk_ecdsa_check_by(kernels[i].kernel, key);
    return check;
}

void lk_ecdsa_check_free(struct lk_ecdsa_check *check)
{
    OPENSSL_free(check);
}

/* --- signatures --------------------------------------------------------------------------------
 */

/* libcrypto's reading, and its rule: what it reads it writes the same, so that there is one form
 * alone of each signature. No number of one is negative. */
static ECDSA_SIG *signature_read(const uint8_t *der, size_t len)
{
    const unsigned char *at = der;
    unsigned char *again = NULL;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    int written = signature != NULL ? i2d_ECDSA_SIG(signature, &again) : -1;
    bool same = written >= 0 && (size_t)written == len && memcmp(again, der, len) == 0;
    OPENSSL_free(again);
    if (same) return signature;
    ECDSA_SIG_free(signature);
    return NULL;
}

static bool number(const BIGNUM *x, uint8_t *to, unsigned bytes)
{
    return BN_bn2binpad(x, to, (int)bytes) == (int)bytes;
}

static bool numbers_read(uint8_t *r, uint8_t *s, unsigned bytes, const struct lk_ecdsa_signed *what)
{
    ECDSA_SIG *signature = signature_read(what->signature, what->signature_bytes);
    bool good = signature != NULL && number(ECDSA_SIG_get0_r(signature), r, bytes) &&
                number(ECDSA_SIG_get0_s(signature), s, bytes);
    ECDSA_SIG_free(signature);
    return good;
}

static enum lk_verify numbers_judge(const struct lk_ecdsa_check *check,
                                    const struct lk_verify_job *job)
{
    void *work = work_new(check->kernel);
    if (work == NULL) return LK_VERIFY_UNDECIDED;
    enum lk_verify word = check->kernel->verify(work, check->prepared, job);
    free(work);
    return word;
}

enum lk_verify lk_ecdsa_check_verify(const struct lk_ecdsa_check *check,
                                     const struct lk_ecdsa_signed *what)
{
    uint8_t r[LK_VERIFY_BYTES_MAX], s[LK_VERIFY_BYTES_MAX];
    const struct lk_verify_job job = {r, s, what->digest, what->digest_bytes};
    ERR_set_mark();
    bool read = numbers_read(r, s, check->kernel->bytes, what);
    ERR_pop_to_mark();
    return read ? numbers_judge(check, &job) : LK_VERIFY_UNDECIDED;
}
