/* make bench B=rsa: RSA signatures of the kernel rows beside the library's EVP, in one process, in
 * rounds (shim.h); padding, check and wiping included. Sizes one after another. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/figures.h"
#include "bench/peak.h"
#include "bench/rsa/sign.h"
#include "bench/rsa/squaring.h"
#include "core/base/err.h"

enum row {
    OPENSSL,
    OURS_1,
    OURS_2,
    OURS_3,
    OURS_4,
    OURS_8,
    OPENSSL_KEYS, /* many, in rotation */
    OURS_KEYS,
    CHECK_OPENSSL,
    CHECK_PORTABLE,
    ROWS
};

static const unsigned batch_of[ROWS] = {1, 1, 2, 3, 4, 8, 1, 8, 1, 1};

struct size {
    unsigned bits;
    enum lk_kernel_row row;
    const char *part, *goal;
};
static const struct size sizes[] = {
    {2048, LK_ROW_RSA2048, "2048", ">= 4"},
    {3072, LK_ROW_RSA3072, "3072", ">= 8"},
    {4096, LK_ROW_RSA4096, "4096", ">= 8.5"},
};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* What the rows of one size work on. */
struct bench {
    const struct lk_options *options;
    struct lk_figures *figures;
    const struct size *size;
    const struct lk_kernel *kernel;
    struct lk_engine_work *work;
    struct lk_bench_key *keys;
    struct lk_sign sign[ROWS];
    struct lk_check check;
    struct lk_shim_row row[ROWS];
};

/* --- rows ----------------------------------------------------------------------------------- */

static void name_row(struct bench *b, enum row row, const char *operation, const char *isa)
{
    char keys[20] = "";
    if (row == OPENSSL_KEYS || row == OURS_KEYS)
        snprintf(keys, sizeof keys, "_%u_keys", b->options->keys);
    snprintf(b->row[row].name, LK_SHIM_NAME_MAX, "%s_%u%s/%s/%u", operation, b->size->bits, keys,
             isa, batch_of[row]);
}

static void sign_row(struct bench *b, enum row row)
{
    struct lk_sign *sign = &b->sign[row];
    bool openssl = row == OPENSSL || row == OPENSSL_KEYS;
    bool many = row == OPENSSL_KEYS || row == OURS_KEYS;
    *sign = (struct lk_sign){.keys = b->keys,
                             .key_count = many ? b->options->keys : 1,
                             .batch = batch_of[row],
                             .kernel = b->kernel,
                             .work = b->work};
    lk_sign_init(sign);
    b->row[row] = (struct lk_shim_row){.items = batch_of[row],
                                       .check = openssl ? lk_sign_openssl_good : lk_sign_row_good,
                                       .run = openssl ? lk_sign_openssl : lk_sign_row,
                                       .context = sign};
    name_row(b, row, "sign_pkcs1", openssl ? "openssl" : b->kernel->isa);
}

static void check_row(struct bench *b, enum row row)
{
    bool openssl = row == CHECK_OPENSSL;
    b->row[row] = (struct lk_shim_row){.items = 1,
                                       .check = openssl ? lk_check_openssl_good
                                                        : lk_check_portable_good,
                                       .run = openssl ? lk_check_openssl : lk_check_portable,
                                       .context = &b->check};
    name_row(b, row, "check", openssl ? "openssl" : "portable");
}

static void make_rows(struct bench *b)
{
    b->check.key = &b->keys[0];
    lk_check_init(&b->check);
    for (enum row row = OPENSSL; row <= OURS_KEYS; row++)
        sign_row(b, row);
    check_row(b, CHECK_OPENSSL);
    check_row(b, CHECK_PORTABLE);
}

/* --- ratios --------------------------------------------------------------------------------- */

/* CPU time of an item in one row over that in another. */
static void ratio(struct bench *b, const char *what, enum row over, enum row under,
                  const char *goal)
{
    char name[LK_SHIM_NAME_MAX];
    snprintf(name, sizeof name, "rsa%u_%s", b->size->bits, what);
    lk_figures_ratio(b->figures, name, &b->row[over], &b->row[under], goal);
}

static void keys_ratio(struct bench *b, const char *what, enum row over, const char *goal)
{
    char name[40];
    snprintf(name, sizeof name, "%u_keys_vs_%s", b->options->keys, what);
    ratio(b, name, over, OURS_KEYS, goal);
}

static void report(struct bench *b)
{
    for (enum row row = 0; row < ROWS; row++)
        lk_figures_row(b->figures, &b->row[row]);
    ratio(b, "vs_openssl", OPENSSL, OURS_8, b->size->goal);
    keys_ratio(b, "openssl", OPENSSL_KEYS, "none");
    keys_ratio(b, "one_key", OURS_8, ">= 0.95");
    ratio(b, "lone_vs_openssl", OURS_1, OPENSSL, "<= 1.15");
    ratio(b, "two_vs_one_after_another", OURS_2, OPENSSL, "<= 1");
    ratio(b, "three_vs_one_after_another", OURS_3, OPENSSL, "<= 1");
    ratio(b, "check_vs_openssl", CHECK_OPENSSL, CHECK_PORTABLE, "none");
}

/* Of a signature in one call with as many lanes as the row takes. */
static bool cycles(struct bench *b)
{
    char name[LK_SHIM_NAME_MAX];
    struct lk_cycles taken;
    struct lk_sign *sign = &b->sign[b->kernel->lanes_max < LK_SIGN_BATCH_MAX ? OURS_1 : OURS_8];
    struct lk_peak_body body = {.run = lk_sign_row, .context = sign, .items = sign->batch};
    if (!lk_peak_sample(&body, &taken)) {
        fprintf(stderr, "bench: %s: a result was missing\n", b->kernel->name);
        return false;
    }
    snprintf(name, sizeof name, "sign_pkcs1_%u_%s", b->size->bits, b->kernel->isa);
    lk_figures_cycles(b->figures, name, &taken);
    return true;
}

/* --- all ------------------------------------------------------------------------------------ */

static bool measure(struct bench *b, const struct size *size, const struct lk_kernels *kernels)
{
    b->size = size;
    b->kernel = &kernels->row[size->row];
    clock_t start = clock();
    b->keys = lk_bench_keys_new(size->bits, b->options->keys);
    printf("  %u keys of %u bits in %.1f s\n", b->options->keys, size->bits,
           (double)(clock() - start) / CLOCKS_PER_SEC);
    make_rows(b);
    bool good = lk_shim_measure(b->row, ROWS, &b->options->shim);
    if (good) {
        report(b);
        good = cycles(b);
    }
    lk_bench_keys_free(b->keys, b->options->keys);
    return good;
}

static bool measure_all(struct bench *b, const struct lk_kernels *kernels)
{
    for (unsigned i = 0; i < SIZES; i++)
        if (lk_options_want(b->options, sizes[i].part) && !measure(b, &sizes[i], kernels))
            return false;
    return !lk_options_want(b->options, "squaring") || lk_squaring_measure(b->figures);
}

int main(int argc, char **argv)
{
    struct lk_options options;
    struct lk_kernels kernels;
    const char *failed;
    lk_options_read(&options, "bench/results/rsa.json", "2048,3072,4096,squaring", argc, argv);
    if (!lk_kernels_choose(&kernels, &failed)) {
        fprintf(stderr, "bench: the self-test of %s failed\n", failed);
        return 1;
    }
    printf("rsa: CPU %d, %u rounds of %g s a row, %u keys in rotation\n", options.cpu,
           options.shim.rounds, options.shim.seconds, options.keys);
    struct bench *b = calloc(1, sizeof *b);
    LK_ASSERT(b != NULL);
    b->options = &options;
    b->figures = lk_figures_new("rsa", &options);
    b->work = lk_engine_work_new(0, false);
    LK_ASSERT(b->work != NULL);
    bool good = measure_all(b, &kernels);
    if (good) {
        good = lk_figures_write(b->figures);
        lk_figures_print(b->figures);
    }
    lk_figures_free(b->figures);
    lk_engine_work_free(b->work);
    free(b);
    return good ? 0 : 1;
}
