/* make bench B=ec: ECDSA signatures over P-256 and P-384, checks of one, key agreement, and proofs
 * of ownership, by the kernel rows beside the library's, in one process, in rounds (shim.h); nonce,
 * check and DER included. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/ec/addition.h"
#include "bench/ec/proof.h"
#include "bench/ec/share.h"
#include "bench/ec/sign.h"
#include "bench/ec/verify.h"
#include "bench/figures.h"
#include "core/base/err.h"

enum row {
    OPENSSL,
    LIBRARY, /* the row of the library, which a machine without IFMA has */
    OURS_1,
    OURS_2,
    OURS_8,
    OURS_16,
    OURS_32,
    OURS_64,
    ROWS
};

static const unsigned batch_of[ROWS] = {1, 1, 1, 2, 8, 16, 32, 64};

/* A ratio of two rows' times; NAME follows the curve's. */
struct goal {
    const char *name;
    enum row over, under;
    const char *goal[LK_BENCH_CURVES];
};
static const struct goal goals[] = {
    {"sign_64_vs_openssl", OPENSSL, OURS_64, {">= 15", ">= 150"}},
    {"sign_32_vs_openssl", OPENSSL, OURS_32, {">= 15", ">= 150"}},
    {"sign_16_vs_openssl", OPENSSL, OURS_16, {"none", "none"}},
    {"sign_8_vs_openssl", OPENSSL, OURS_8, {">= 8", "none"}},
    {"sign_two_vs_library_row", OURS_2, LIBRARY, {"<= 1", "<= 1"}},
    {"sign_lone_vs_library_row", OURS_1, LIBRARY, {"<= 1.05", "<= 1.1"}},
};

struct bench {
    const struct lk_options *options;
    struct lk_figures *figures;
    const struct lk_kernels *kernels;
    struct lk_engine_work *work;
    const struct lk_bench_curve *curve; /* that is measured */
    struct lk_bench_ec_key *keys;
    struct lk_ec_sign sign[ROWS];
    struct lk_shim_row row[ROWS];
};

static void make_row(struct bench *b, enum row row)
{
    struct lk_ec_sign *sign = &b->sign[row];
    bool openssl = row == OPENSSL;
    const struct lk_kernel *kernel = row == LIBRARY ? &b->kernels->library[b->curve->row]
                                                    : &b->kernels->row[b->curve->row];
    *sign = (struct lk_ec_sign){.curve = b->curve,
                                .keys = b->keys,
                                .key_count = b->options->keys,
                                .batch = batch_of[row],
                                .kernel = kernel,
                                .work = b->work};
    lk_ec_sign_init(sign);
    b->row[row] = (struct lk_shim_row){.items = batch_of[row],
                                       .check = openssl ? lk_ec_sign_openssl_good
                                                        : lk_ec_sign_row_good,
                                       .run = openssl ? lk_ec_sign_openssl : lk_ec_sign_row,
                                       .context = sign};
    snprintf(b->row[row].name, LK_SHIM_NAME_MAX, "sign_%s%s/%s/%u", b->curve->name,
             row == LIBRARY ? "_row" : "", openssl ? "openssl" : kernel->isa, batch_of[row]);
}

static void report(struct bench *b)
{
    for (enum row row = 0; row < ROWS; row++)
        lk_figures_row(b->figures, &b->row[row]);
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++) {
        const struct goal *g = &goals[i];
        char name[LK_SHIM_NAME_MAX];
        snprintf(name, sizeof name, "%s_%s", b->curve->name, g->name);
        lk_figures_ratio(b->figures, name, &b->row[g->over], &b->row[g->under],
                         g->goal[b->curve - lk_bench_curves]);
    }
}

/* Of a signature in a batch of each size. */
static bool cycles(struct bench *b)
{
    for (enum row row = OURS_1; row < ROWS; row++) {
        struct lk_cycles taken;
        char name[LK_SHIM_NAME_MAX];
        struct lk_peak_body body = {
            .run = lk_ec_sign_row, .context = &b->sign[row], .items = batch_of[row]};
        if (!lk_peak_sample(&body, &taken)) {
            fprintf(stderr, "bench: %s: a signature was missing\n", b->curve->name);
            return false;
        }
        snprintf(name, sizeof name, "sign_%s_%u", b->curve->name, batch_of[row]);
        lk_figures_cycles(b->figures, name, &taken);
    }
    return true;
}

static bool measure_signatures(struct bench *b)
{
    b->keys = lk_bench_ec_keys_new(b->curve, b->options->keys);
    for (enum row row = 0; row < ROWS; row++)
        make_row(b, row);
    bool good = lk_shim_measure(b->row, ROWS, &b->options->shim);
    if (good) {
        report(b);
        good = cycles(b);
    }
    lk_bench_ec_keys_free(b->keys, b->options->keys);
    return good;
}

static bool measure(struct bench *b)
{
    for (unsigned i = 0; i < LK_BENCH_CURVES; i++) {
        b->curve = &lk_bench_curves[i];
        if (lk_options_want(b->options, b->curve->name) && !measure_signatures(b)) return false;
    }
    if (lk_options_want(b->options, "proof") &&
        !lk_proof_measure(b->figures, b->options, b->kernels, b->work))
        return false;
    if (lk_options_want(b->options, "share") &&
        !lk_share_measure(b->figures, b->options, b->kernels, b->work))
        return false;
    if (lk_options_want(b->options, "verify") && !lk_verify_measure(b->figures, b->options))
        return false;
    return !lk_options_want(b->options, "addition") || lk_addition_measure(b->figures);
}

int main(int argc, char **argv)
{
    struct lk_options options;
    struct lk_kernels kernels;
    const char *failed;
    lk_options_read(&options, "bench/results/ec.json", "p256,p384,proof,share,verify,addition",
                    argc, argv);
    if (!lk_kernels_choose(&kernels, &failed)) {
        fprintf(stderr, "bench: the self-test of %s failed\n", failed);
        return 1;
    }
    printf("ec: CPU %d, %u rounds of %g s a row, %u keys in rotation\n", options.cpu,
           options.shim.rounds, options.shim.seconds, options.keys);
    struct bench *b = calloc(1, sizeof *b);
    LK_ASSERT(b != NULL);
    b->options = &options;
    b->kernels = &kernels;
    b->figures = lk_figures_new("ec", &options);
    b->work = lk_engine_work_new(0, false);
    LK_ASSERT(b->work != NULL);
    bool good = measure(b);
    if (good) {
        good = lk_figures_write(b->figures);
        lk_figures_print(b->figures);
    }
    lk_figures_free(b->figures);
    lk_engine_work_free(b->work);
    free(b);
    return good ? 0 : 1;
}
