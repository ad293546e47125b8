#include "crypto/cpu.h"
#include "crypto/crypto.h"
#include "crypto/engine_ec_batch.h"
#include "crypto/engine_poo_batch.h"
#include "crypto/engine_rsa_batch.h"
#include "crypto/engine_share_batch.h"
#include "crypto/engine_work.h"
#include "crypto/self_test.h"

static bool row_good(const struct lk_kernel *kernel, unsigned row, const char **failed)
{
    if (lk_kernel_self_test(kernel, (enum lk_kernel_row)row)) return true;
    *failed = kernel->name;
    return false;
}

/* What has no row. */
static bool rest_good(const struct lk_kernels *kernels, const char **failed)
{
    const char *wrong = !lk_points_self_test(kernels->points_p256) ? "points_p256"
                        : !lk_sha256_self_test(kernels->sha256)    ? "sha256"
                        : !lk_siphash_self_test(kernels->siphash)  ? "siphash"
                                                                   : NULL;
    if (wrong != NULL) *failed = wrong;
    return wrong == NULL;
}

/* Rows of ours that replace the library's, beside those of RSA. */
static const struct {
    enum lk_kernel_row row;
    const struct lk_kernel *kernel;
} ifma[] = {
    {LK_ROW_P256, &lk_p256_row_ifma},
    {LK_ROW_P384, &lk_p384_row_ifma},
    {LK_ROW_POO_P256, &lk_poo_p256_row_ifma},
    {LK_ROW_POO_P384, &lk_poo_p384_row_ifma},
    {LK_ROW_POO_X25519, &lk_poo_x25519_row_ifma},
    {LK_ROW_SHARE_P256, &lk_share_p256_row_ifma},
    {LK_ROW_SHARE_P384, &lk_share_p384_row_ifma},
    {LK_ROW_SHARE_X25519, &lk_share_x25519_row_ifma},
};

static bool take_row(struct lk_kernels *out, unsigned row, const struct lk_kernel *kernel,
                     const char **failed)
{
    out->row[row] = *kernel;
    return row_good(kernel, row, failed);
}

static bool take_ifma(struct lk_kernels *out, const char **failed)
{
    for (unsigned i = 0; i < LK_RSA_CLASS_COUNT; i++)
        if (!take_row(out, LK_ROW_RSA2048 + i, &lk_rsa_rows_ifma[i], failed)) return false;
    for (size_t i = 0; i < sizeof ifma / sizeof ifma[0]; i++)
        if (!take_row(out, ifma[i].row, ifma[i].kernel, failed)) return false;
    out->points_p256 = lk_p256_points_ifma;
    out->sha256 = lk_sha256_lanes_ifma;
    out->siphash = lk_siphash_many_ifma;
    return rest_good(out, failed);
}

bool lk_kernels_choose(struct lk_kernels *out, const char **failed)
{
    uint32_t features;
    (void)lk_cpu_features(&features); /* a misspelt LURK_CPU is the caller's to tell */
    *failed = NULL;
    for (unsigned row = 0; row < LK_ROW_COUNT; row++) {
        out->library[row] = out->row[row] = lk_engine_rows[row];
        if (!row_good(&out->library[row], row, failed)) return false;
    }
    out->points_p256 = lk_p256_points_library;
    out->sha256 = lk_sha256_lanes_library;
    out->siphash = lk_siphash_many_plain;
    if (!rest_good(out, failed)) return false;
    return (features >> LK_CPU_IFMA & 1) == 0 || take_ifma(out, failed);
}
