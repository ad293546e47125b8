#include "bench/ec/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peak.h"
#include "bench/shim.h"
#include "core/base/err.h"
#include "crypto/hash.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_prove.h"

#define CHALLENGE_BYTES 16
#define BATCH_MAX 64

static const struct group {
    const char *name; /* of figures */
    uint16_t group;   /* of TLS */
    enum lk_kernel_row row;
} groups[] = {{"poo_p256", 23, LK_ROW_POO_P256},
              {"poo_p384", 24, LK_ROW_POO_P384},
              {"poo_x25519", 29, LK_ROW_POO_X25519}};

/* The library's row, then ours. */
#define ROWS 6
static const unsigned batch_of[ROWS] = {1, 1, 8, 16, 32, BATCH_MAX};

struct proofs {
    uint8_t bg[BATCH_MAX][LK_POO_POINT_BYTES_MAX];
    uint8_t vg[BATCH_MAX][LK_POO_POINT_BYTES_MAX];
    uint8_t r[BATCH_MAX][LK_POO_SCALAR_BYTES_MAX];
    uint8_t c[BATCH_MAX][32];
    size_t point_bytes;
};

/* What is measured: the first `batch` of them, in calls of at most lanes_max lanes. */
struct judge {
    const struct proofs *proofs;
    unsigned batch;
    const struct lk_kernel *kernel;
    struct lk_engine_work *work;
};

struct bench {
    const struct group *group;
    struct proofs proofs;
    struct judge judge[ROWS];
    struct lk_shim_row row[ROWS];
};

static void proofs_make(struct proofs *proofs, const struct group *group)
{
    struct lk_poo_prover *prover = lk_poo_prover_new(group->group, NULL);
    LK_ASSERT(prover != NULL);
    proofs->point_bytes = lk_poo_prover_point_bytes(prover);
    for (uint8_t i = 0; i < BATCH_MAX; i++) {
        uint8_t b[LK_POO_SCALAR_BYTES_MAX], v[LK_POO_SCALAR_BYTES_MAX];
        lk_sha256(&i, sizeof i, proofs->c[i]);
        LK_ASSERT(lk_poo_key_make(prover, b, proofs->bg[i]));
        LK_ASSERT(lk_poo_commit(prover, v, proofs->vg[i]));
        lk_poo_answer(prover, b, v, proofs->c[i], CHALLENGE_BYTES, proofs->r[i]);
    }
    lk_poo_prover_free(prover);
}

static void fill(const struct judge *judge, struct lk_operand *operand)
{
    const struct proofs *p = judge->proofs;
    for (unsigned i = 0; i < judge->batch; i++)
        operand[i] = (struct lk_operand){.in = p->bg[i],
                                         .in_bytes = p->point_bytes,
                                         .poo_point = p->vg[i],
                                         .poo_r = p->r[i],
                                         .poo_challenge = p->c[i],
                                         .poo_challenge_bytes = CHALLENGE_BYTES};
}

/* How many are good at the first attempt. */
static unsigned run(const struct judge *judge, struct lk_operand *operand)
{
    unsigned most = judge->kernel->lanes_max, good = 0;
    for (unsigned at = 0; at < judge->batch; at += most) {
        unsigned left = judge->batch - at, lanes = left < most ? left : most;
        uint64_t live = ~UINT64_C(0) >> (64 - lanes);
        uint64_t now = judge->kernel->run(judge->work, operand + at, live);
        good += (unsigned)__builtin_popcountll(now);
    }
    for (unsigned i = 0; i < judge->batch; i++)
        good -= operand[i].recomputed;
    return good;
}

/* All good at the first attempt. */
static bool judge_row(void *context)
{
    const struct judge *judge = context;
    struct lk_operand operand[BATCH_MAX];
    fill(judge, operand);
    return run(judge, operand) == judge->batch;
}

/* And none once its challenge is another. */
static bool judge_row_good(void *context)
{
    const struct judge *judge = context;
    struct lk_operand operand[BATCH_MAX];
    uint8_t other[CHALLENGE_BYTES];
    memset(other, 0x5a, sizeof other);
    fill(judge, operand);
    if (run(judge, operand) != judge->batch) return false;
    for (unsigned i = 0; i < judge->batch; i++)
        operand[i].poo_challenge = other;
    return run(judge, operand) == 0;
}

static void make_row(struct bench *b, const struct lk_kernels *kernels, struct lk_engine_work *work,
                     unsigned row)
{
    const struct lk_kernel *kernel = row == 0 ? &kernels->library[b->group->row]
                                              : &kernels->row[b->group->row];
    b->judge[row] = (struct judge){
        .proofs = &b->proofs, .batch = batch_of[row], .kernel = kernel, .work = work};
    b->row[row] = (struct lk_shim_row){.items = batch_of[row],
                                       .check = judge_row_good,
                                       .run = judge_row,
                                       .context = &b->judge[row]};
    snprintf(b->row[row].name, LK_SHIM_NAME_MAX, "%s%s/%s/%u", b->group->name,
             row == 0 ? "_row" : "", kernel->isa, batch_of[row]);
}

static void report(struct lk_figures *figures, const struct bench *b)
{
    static const struct {
        const char *name, *goal[3]; /* of each group */
    } ratios[ROWS] = {{NULL, {NULL, NULL, NULL}},
                      {"lone_vs_library", {">= 1", ">= 1", ">= 1"}},
                      {"8_vs_library", {">= 10", ">= 30", ">= 60"}},
                      {"16_vs_library", {"none", "none", "none"}},
                      {"32_vs_library", {">= 10", ">= 30", ">= 60"}},
                      {"vs_library", {">= 10", ">= 30", ">= 60"}}};
    for (unsigned row = 0; row < ROWS; row++)
        lk_figures_row(figures, &b->row[row]);
    for (unsigned row = 1; row < ROWS; row++) {
        char name[LK_SHIM_NAME_MAX];
        snprintf(name, sizeof name, "%s_%s", b->group->name, ratios[row].name);
        lk_figures_ratio(figures, name, &b->row[0], &b->row[row],
                         ratios[row].goal[b->group - groups]);
    }
}

/* Of a proof in a full batch. */
static bool cycles(struct lk_figures *figures, struct bench *b)
{
    struct lk_cycles taken;
    struct lk_peak_body body = {
        .run = judge_row, .context = &b->judge[ROWS - 1], .items = batch_of[ROWS - 1]};
    char name[LK_SHIM_NAME_MAX];
    if (!lk_peak_sample(&body, &taken)) return false;
    snprintf(name, sizeof name, "%s_%u", b->group->name, batch_of[ROWS - 1]);
    lk_figures_cycles(figures, name, &taken);
    return true;
}

static bool measure_group(struct lk_figures *figures, const struct lk_options *options,
                          const struct lk_kernels *kernels, struct lk_engine_work *work,
                          const struct group *group)
{
    struct bench *b = calloc(1, sizeof *b);
    LK_ASSERT(b != NULL);
    b->group = group;
    proofs_make(&b->proofs, group);
    for (unsigned row = 0; row < ROWS; row++)
        make_row(b, kernels, work, row);
    bool good = lk_shim_measure(b->row, ROWS, &options->shim);
    if (good) {
        report(figures, b);
        good = cycles(figures, b);
    }
    free(b);
    return good;
}

bool lk_proof_measure(struct lk_figures *figures, const struct lk_options *options,
                      const struct lk_kernels *kernels, struct lk_engine_work *work)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (!measure_group(figures, options, kernels, work, &groups[i])) return false;
    return true;
}
