#include "bench/ec/verify.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/ec/key.h"
#include "bench/shim.h"
#include "core/base/err.h"
#include "crypto/ecdsa_check.h"
#include "crypto/hash.h"

#define SIGNATURES 16
#define MESSAGE_BYTES 130 /* a CertificateVerify of TLS 1.3 with SHA-256 */
#define DER_BYTES_MAX 112

enum row { OPENSSL, OURS, PREPARE, ROWS };

struct bench {
    const struct lk_bench_curve *curve;
    EVP_PKEY *key;
    struct lk_ecdsa_check *check; /* NULL: not on this CPU */
    uint8_t message[SIGNATURES][MESSAGE_BYTES];
    uint8_t der[SIGNATURES][DER_BYTES_MAX];
    size_t len[SIGNATURES];
    struct lk_shim_row row[ROWS];
};

static const char *digest_name(const struct bench *b)
{
    return EVP_MD_get0_name(b->curve->md());
}

static void sign(struct bench *b, uint8_t i)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    lk_hash(2, &i, sizeof i, b->message[i]);
    b->len[i] = DER_BYTES_MAX;
    LK_ASSERT(EVP_DigestSignInit_ex(ctx, NULL, digest_name(b), NULL, NULL, b->key, NULL) == 1);
    LK_ASSERT(EVP_DigestSign(ctx, b->der[i], &b->len[i], b->message[i], MESSAGE_BYTES) == 1);
    EVP_MD_CTX_free(ctx);
}

static bool openssl_good(const struct bench *b, unsigned i)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit_ex(ctx, NULL, digest_name(b), NULL, NULL, b->key, NULL) == 1 &&
                EVP_DigestVerify(ctx, b->der[i], b->len[i], b->message[i], MESSAGE_BYTES) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static bool ours_good(const struct bench *b, unsigned i)
{
    uint8_t digest[LK_HASH_BYTES_MAX];
    lk_hash(b->curve->hash, b->message[i], MESSAGE_BYTES, digest);
    const struct lk_ecdsa_signed what = {digest, lk_hash_bytes(b->curve->hash), b->der[i],
                                         b->len[i]};
    return lk_ecdsa_check_verify(b->check, &what) == LK_VERIFY_GOOD;
}

/* All good; and none once a bit of what was signed is another. */
static bool judged(struct bench *b, bool (*good)(const struct bench *b, unsigned i), bool spoilt)
{
    for (unsigned i = 0; i < SIGNATURES; i++) {
        b->message[i][i] ^= spoilt;
        bool now = good(b, i);
        b->message[i][i] ^= spoilt;
        if (now == spoilt) return false;
    }
    return true;
}

static bool openssl_run(void *context)
{
    return judged(context, openssl_good, false);
}

static bool openssl_check(void *context)
{
    return judged(context, openssl_good, false) && judged(context, openssl_good, true);
}

static bool ours_run(void *context)
{
    return judged(context, ours_good, false);
}

static bool ours_check(void *context)
{
    return judged(context, ours_good, false) && judged(context, ours_good, true);
}

static uint32_t cpu(void)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    return features;
}

static bool prepare_run(void *context)
{
    const struct bench *b = context;
    struct lk_ecdsa_check *check = lk_ecdsa_check_new(cpu(), b->key);
    lk_ecdsa_check_free(check);
    return check != NULL;
}

static void rows_make(struct bench *b)
{
    static const struct lk_shim_row rows[ROWS] = {
        [OPENSSL] = {.items = SIGNATURES, .check = openssl_check, .run = openssl_run},
        [OURS] = {.items = SIGNATURES, .check = ours_check, .run = ours_run},
        [PREPARE] = {.items = 1, .check = prepare_run, .run = prepare_run}};
    static const char *const names[ROWS] = {"verify_%s/openssl/1", "verify_%s/ifma/1",
                                            "verify_%s_prepare/ifma/1"};
    for (enum row row = 0; row < ROWS; row++) {
        b->row[row] = rows[row];
        b->row[row].context = b;
        if (row != OPENSSL && b->check == NULL) b->row[row].run = NULL;
        snprintf(b->row[row].name, LK_SHIM_NAME_MAX, names[row], b->curve->name);
    }
}

static void report(struct lk_figures *figures, const struct bench *b)
{
    static const char *const goals[LK_BENCH_CURVES] = {">= 4", ">= 15"};
    char name[LK_SHIM_NAME_MAX];
    for (enum row row = 0; row < ROWS; row++)
        lk_figures_row(figures, &b->row[row]);
    snprintf(name, sizeof name, "%s_verify_vs_openssl", b->curve->name);
    lk_figures_ratio(figures, name, &b->row[OPENSSL], &b->row[OURS],
                     goals[b->curve - lk_bench_curves]);
}

static bool measure(struct lk_figures *figures, const struct lk_options *options,
                    const struct lk_bench_curve *curve)
{
    struct bench *b = calloc(1, sizeof *b);
    LK_ASSERT(b != NULL);
    b->curve = curve;
    b->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", OBJ_nid2sn(curve->nid));
    LK_ASSERT(b->key != NULL);
    b->check = lk_ecdsa_check_new(cpu(), b->key);
    for (uint8_t i = 0; i < SIGNATURES; i++)
        sign(b, i);
    rows_make(b);
    bool good = lk_shim_measure(b->row, ROWS, &options->shim);
    if (good) report(figures, b);
    lk_ecdsa_check_free(b->check);
    EVP_PKEY_free(b->key);
    free(b);
    return good;
}

bool lk_verify_measure(struct lk_figures *figures, const struct lk_options *options)
{
    for (unsigned i = 0; i < LK_BENCH_CURVES; i++)
        if (!measure(figures, options, &lk_bench_curves[i])) return false;
    return true;
}
