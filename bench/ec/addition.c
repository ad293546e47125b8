#include "bench/ec/addition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ec/key.h"
#include "core/base/err.h"

#define TIMES 64 /* additions of two vectors in a sample */
#define NAME_BYTES 48

struct adding {
    const struct lk_ec_kernel *kernel;
    void *work;
};

static bool run(void *context)
{
    struct adding *adding = context;
    adding->kernel->add(adding->work, TIMES);
    return true;
}

static bool report(struct lk_figures *figures, const struct lk_bench_curve *curve, void *work)
{
    struct lk_cycles cycles;
    struct lk_share share;
    struct adding adding = {curve->kernel, work};
    struct lk_peak_body body = {.run = run, .context = &adding, .items = 2 * TIMES};
    char name[NAME_BYTES];
    if (!lk_peak_sample(&body, &cycles) || !lk_peak_share(&body, curve->multiply_adds, &share))
        return false;
    snprintf(name, sizeof name, "%s_addition", curve->name);
    lk_figures_cycles(figures, name, &cycles);
    snprintf(name, sizeof name, "%s_addition_vs_peak", curve->name);
    lk_figures_ratio_is(figures, name, share.p90, "none");
    snprintf(name, sizeof name, "%s_addition_vs_peak_median", curve->name);
    lk_figures_ratio_is(figures, name, share.median, "none");
    return true;
}

static bool measure(struct lk_figures *figures, const struct lk_bench_curve *curve)
{
    size_t bytes = (curve->kernel->work_bytes + 63) / 64 * 64;
    void *work = aligned_alloc(64, bytes);
    LK_ASSERT(work != NULL);
    memset(work, 0, bytes);
    bool good = report(figures, curve, work);
    free(work);
    return good;
}

bool lk_addition_measure(struct lk_figures *figures)
{
    double per_cycle;
    if (!lk_peak_multiplier(&per_cycle)) {
        printf("  additions: not applicable, this CPU has no IFMA\n");
        return true;
    }
    lk_figures_figure(figures, "ifma_peak", (struct lk_values){&per_cycle, 1},
                      "multiply-adds/cycle");
    bool good = true;
    for (unsigned i = 0; i < LK_BENCH_CURVES && good; i++)
        good = measure(figures, &lk_bench_curves[i]);
    return good;
}
