#include "bench/ec/share.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/cpu.h"
#include "crypto/ec/ecdh_kernel.h"

#define BATCH_MAX 64
#define SHARED_BYTES_MAX LK_ECDH_SHARED_BYTES_MAX
#define NOT_APPLICABLE NULL

static const struct group {
    const char *name, *type, *curve; /* of figures; of libcrypto, curve NULL: the type says it */
    enum lk_kernel_row row;
    size_t share_bytes;
    const struct lk_ecdh_kernel *kernel;
    const char *ratios; /* their names begin so */
} groups[] = {
    {"x25519", "X25519", NULL, LK_ROW_SHARE_X25519, 32, &lk_x25519_x8_ifma, "x25519"},
    {"p256", "EC", "P-256", LK_ROW_SHARE_P256, 65, &lk_p256_ecdh_x8_ifma, "p256_ecdh"},
    {"p384", "EC", "P-384", LK_ROW_SHARE_P384, 97, &lk_p384_ecdh_x8_ifma, "p384_ecdh"},
};

/* What one row of the table works with. */
struct share {
    const struct group *group;
    const struct lk_kernel *kernel; /* of rows */
    struct lk_engine_work *work;
    EVP_PKEY *peer;
    uint8_t *peer_share;
    EVP_PKEY_CTX *make, *derive; /* of EVP: ready */
    unsigned batch;
    void *scratch; /* of the kernel alone */
    struct lk_operand operand[BATCH_MAX];
    uint8_t out[BATCH_MAX][LK_ECDH_POINT_BYTES_MAX + SHARED_BYTES_MAX];
    struct lk_ecdh_job job[BATCH_MAX];
    uint8_t secret[BATCH_MAX][LK_ECDH_SECRET_BYTES_MAX];
};

/* --- what is measured ------------------------------------------------------------------------- */

static bool derived(const struct group *group, EVP_PKEY_CTX *ctx, uint8_t *secret)
{
    size_t len = group->kernel->shared_bytes;
    return EVP_PKEY_derive(ctx, secret, &len) == 1 && len == group->kernel->shared_bytes;
}

/* A key, its share, and the secret; the peer's key is ready and is not looked at again. */
static bool share_openssl(void *context)
{
    struct share *s = context;
    size_t len = 0;
    EVP_PKEY *own = NULL;
    bool good = EVP_PKEY_keygen(s->make, &own) == 1;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    good = good && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
           EVP_PKEY_derive_set_peer_ex(ctx, s->peer, 0) == 1 &&
           derived(s->group, ctx, s->out[0] + s->group->share_bytes) &&
           EVP_PKEY_get_octet_string_param(own, "encoded-pub-key", s->out[0], s->group->share_bytes,
                                           &len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(own);
    return good && len == s->group->share_bytes;
}

static bool share_row(void *context)
{
    struct share *s = context;
    uint64_t live = ~UINT64_C(0) >> (64 - s->batch);
    for (unsigned i = 0; i < s->batch; i++)
        s->operand[i] = (struct lk_operand){
            .in = s->peer_share, .in_bytes = s->group->share_bytes, .out = s->out[i]};
    bool good = s->kernel->run(s->work, s->operand, live) == live;
    for (unsigned i = 0; i < s->batch; i++)
        good &= !s->operand[i].recomputed;
    return good;
}

static bool derive_openssl(void *context)
{
    struct share *s = context;
    return derived(s->group, s->derive, s->out[0]);
}

static bool derive_kernel(void *context)
{
    struct share *s = context;
    uint64_t live = ~UINT64_C(0) >> (64 - s->batch), refused;
    return s->group->kernel->derive(s->scratch, s->job, live, &refused) == live;
}

/* --- whether it is right ---------------------------------------------------------------------- */

/* What the peer has with each share is what came out beside it. */
static bool secrets_same(struct share *s)
{
    size_t share_bytes = s->group->share_bytes;
    bool good = true;
    for (unsigned i = 0; i < s->batch; i++) {
        uint8_t secret[SHARED_BYTES_MAX];
        EVP_PKEY *ours = EVP_PKEY_new();
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, s->peer, NULL);
        good = good && EVP_PKEY_copy_parameters(ours, s->peer) == 1 &&
               EVP_PKEY_set1_encoded_public_key(ours, s->out[i], share_bytes) == 1 &&
               EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, ours) == 1 &&
               derived(s->group, ctx, secret) &&
               memcmp(secret, s->out[i] + share_bytes, s->group->kernel->shared_bytes) == 0;
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(ours);
    }
    return good;
}

static bool share_openssl_good(void *context)
{
    return share_openssl(context) && secrets_same(context);
}

static bool share_row_good(void *context)
{
    return share_row(context) && secrets_same(context);
}

/* The kernel's own shares show that its secrets are right. */
static bool derive_kernel_good(void *context)
{
    struct share *s = context;
    uint64_t live = ~UINT64_C(0) >> (64 - s->batch), refused;
    uint8_t secrets[BATCH_MAX][SHARED_BYTES_MAX];
    size_t bytes = s->group->kernel->shared_bytes;
    if (s->group->kernel->agree(s->scratch, s->job, live, &refused) != live || !secrets_same(s))
        return false;
    for (unsigned i = 0; i < s->batch; i++)
        memcpy(secrets[i], s->job[i].shared, bytes);
    bool good = derive_kernel(s);
    for (unsigned i = 0; i < s->batch; i++)
        good &= memcmp(secrets[i], s->job[i].shared, bytes) == 0;
    return good;
}

/* --- a group ------------------------------------------------------------------------------------
 */

enum row {
    SHARE_OPENSSL,
    SHARE_LIBRARY,
    SHARE_1,
    SHARE_8,
    SHARE_64,
    DERIVE_OPENSSL,
    DERIVE_8,
    DERIVE_64,
    ROWS
};

static const struct {
    const char *operation, *isa;
    unsigned batch;
    bool (*check)(void *), (*run)(void *);
} rows[ROWS] = {
    [SHARE_OPENSSL] = {"share", "openssl", 1, share_openssl_good, share_openssl},
    [SHARE_LIBRARY] = {"share", "library", 1, share_row_good, share_row},
    [SHARE_1] = {"share", "ifma", 1, share_row_good, share_row},
    [SHARE_8] = {"share", "ifma", 8, share_row_good, share_row},
    [SHARE_64] = {"share", "ifma", 64, share_row_good, share_row},
    [DERIVE_OPENSSL] = {"derive", "openssl", 1, derive_openssl, derive_openssl},
    [DERIVE_8] = {"derive", "ifma", 8, derive_kernel_good, derive_kernel},
    [DERIVE_64] = {"derive", "ifma", 64, derive_kernel_good, derive_kernel},
};

static EVP_PKEY *key_make(EVP_PKEY_CTX *make)
{
    EVP_PKEY *key = NULL;
    LK_ASSERT(EVP_PKEY_keygen(make, &key) == 1);
    return key;
}

static void share_init(struct share *s, const struct group *group, unsigned batch)
{
    s->group = group;
    s->batch = batch;
    s->make = EVP_PKEY_CTX_new_from_name(NULL, group->type, NULL);
    LK_ASSERT(s->make != NULL && EVP_PKEY_keygen_init(s->make) == 1);
    if (group->curve != NULL) LK_ASSERT(EVP_PKEY_CTX_set_group_name(s->make, group->curve) == 1);
    s->peer = key_make(s->make);
    LK_ASSERT(EVP_PKEY_get1_encoded_public_key(s->peer, &s->peer_share) == group->share_bytes);
    EVP_PKEY *own = key_make(s->make);
    s->derive = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    EVP_PKEY_free(own); /* the context holds it */
    LK_ASSERT(EVP_PKEY_derive_init(s->derive) == 1);
    LK_ASSERT(EVP_PKEY_derive_set_peer(s->derive, s->peer) == 1);
    size_t bytes = (group->kernel->work_bytes + 63) / 64 * 64;
    s->scratch = aligned_alloc(64, bytes);
    LK_ASSERT(s->scratch != NULL);
    memset(s->scratch, 0, bytes);
    for (unsigned i = 0; i < BATCH_MAX; i++) {
        for (size_t at = 0; at < sizeof s->secret[i]; at++)
            s->secret[i][at] = (uint8_t)(17 * i + 29 * at + 1);
        s->job[i] = (struct lk_ecdh_job){s->secret[i], s->peer_share, s->out[i],
                                         s->out[i] + group->share_bytes};
    }
}

static void share_fini(struct share *s)
{
    EVP_PKEY_CTX_free(s->derive);
    EVP_PKEY_CTX_free(s->make);
    EVP_PKEY_free(s->peer);
    OPENSSL_free(s->peer_share);
    free(s->scratch);
}

static void report(struct lk_figures *figures, const struct group *group,
                   const struct lk_shim_row *row)
{
    static const struct {
        const char *name, *goal[sizeof groups / sizeof groups[0]];
        enum row over, under;
    } ratios[] = {
        {"vs_openssl", {">= 10", ">= 8", ">= 30"}, DERIVE_OPENSSL, DERIVE_64},
        {"8_vs_openssl", {"none", "none", "none"}, DERIVE_OPENSSL, DERIVE_8},
        {"share_vs_openssl", {">= 10", ">= 8", ">= 60"}, SHARE_OPENSSL, SHARE_64},
        {"share_8_vs_openssl", {"none", "none", "none"}, SHARE_OPENSSL, SHARE_8},
        {"share_lone_vs_library_row", {"<= 1.1", "<= 1.1", "<= 1.1"}, SHARE_1, SHARE_LIBRARY},
    };
    for (unsigned i = 0; i < ROWS; i++)
        lk_figures_row(figures, &row[i]);
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        char name[LK_SHIM_NAME_MAX];
        snprintf(name, sizeof name, "%s_%s", group->ratios, ratios[i].name);
        lk_figures_ratio(figures, name, &row[ratios[i].over], &row[ratios[i].under],
                         ratios[i].goal[group - groups]);
    }
}

/* Of one in a full batch. */
static bool cycles(struct lk_figures *figures, const struct lk_shim_row *row, bool (*run)(void *))
{
    const struct share *s = row->context;
    struct lk_cycles taken;
    struct lk_peak_body body = {.run = run, .context = row->context, .items = row->items};
    char name[LK_SHIM_NAME_MAX];
    if (!lk_peak_sample(&body, &taken)) return false;
    snprintf(name, sizeof name, "%s_%s_%u", run == share_row ? "share" : "derive", s->group->name,
             row->items);
    lk_figures_cycles(figures, name, &taken);
    return true;
}

static bool measure_group(struct lk_figures *figures, const struct lk_options *options,
                          const struct lk_kernels *kernels, struct lk_engine_work *work,
                          const struct group *group)
{
    bool ifma = strcmp(kernels->row[group->row].isa, "ifma") == 0;
    struct share *share = calloc(ROWS, sizeof *share);
    struct lk_shim_row *row = calloc(ROWS, sizeof *row);
    LK_ASSERT(share != NULL && row != NULL);
    for (unsigned i = 0; i < ROWS; i++) {
        bool applies = ifma || strcmp(rows[i].isa, "ifma") != 0;
        share_init(&share[i], group, rows[i].batch);
        share[i].work = work;
        share[i].kernel = i == SHARE_LIBRARY ? &kernels->library[group->row]
                                             : &kernels->row[group->row];
        row[i] = (struct lk_shim_row){.items = rows[i].batch,
                                      .check = rows[i].check,
                                      .run = applies ? rows[i].run : NOT_APPLICABLE,
                                      .context = &share[i]};
        snprintf(row[i].name, sizeof row[i].name, "%s_%s/%s/%u", rows[i].operation, group->name,
                 rows[i].isa, rows[i].batch);
    }
    bool good = lk_shim_measure(row, ROWS, &options->shim);
    if (good) report(figures, group, row);
    good = good && (!ifma || (cycles(figures, &row[SHARE_64], share_row) &&
                              cycles(figures, &row[DERIVE_64], derive_kernel)));
    for (unsigned i = 0; i < ROWS; i++)
        share_fini(&share[i]);
    free(row);
    free(share);
    return good;
}

bool lk_share_measure(struct lk_figures *figures, const struct lk_options *options,
                      const struct lk_kernels *kernels, struct lk_engine_work *work)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (!measure_group(figures, options, kernels, work, &groups[i])) return false;
    return true;
}
