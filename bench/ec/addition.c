#include "bench/ec/addition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/ec/ec_kernel.h"

#define TIMES 64 /* additions of two vectors in a sample */

/* Eight products of 50 multiply-adds and two squares of 30, nine reductions of 30. */
#define MULTIPLY_ADDS (8 * 50 + 2 * 30 + 9 * 30)

static bool run(void *work)
{
    lk_p256_x8_ifma.add(work, TIMES);
    return true;
}

static bool report(struct lk_figures *figures, void *work)
{
    struct lk_cycles cycles;
    struct lk_share share;
    struct lk_peak_body body = {.run = run, .context = work, .items = 2 * TIMES};
    if (!lk_peak_sample(&body, &cycles) || !lk_peak_share(&body, MULTIPLY_ADDS, &share))
        return false;
    lk_figures_cycles(figures, "p256_addition", &cycles);
    lk_figures_ratio_is(figures, "p256_addition_vs_peak", share.p90, "none");
    lk_figures_ratio_is(figures, "p256_addition_vs_peak_median", share.median, "none");
    return true;
}

bool lk_addition_measure(struct lk_figures *figures)
{
    double per_cycle;
    if (!lk_peak_multiplier(&per_cycle)) {
        printf("  p256_addition: not applicable, this CPU has no IFMA\n");
        return true;
    }
    lk_figures_figure(figures, "ifma_peak", (struct lk_values){&per_cycle, 1},
                      "multiply-adds/cycle");
    size_t bytes = (lk_p256_x8_ifma.work_bytes + 63) / 64 * 64;
    void *work = aligned_alloc(64, bytes);
    LK_ASSERT(work != NULL);
    memset(work, 0, bytes);
    bool good = report(figures, work);
    free(work);
    return good;
}
