#include "core/watch/hist.h"

/* A value v is filed by u = v - 1, so that a cell's limit is inclusive and lands on round numbers.
 * Below 16 a cell is one u; above, octave o holds u in [16 << o, 32 << o) in steps of 1 << o. */
static unsigned cell_of(uint64_t us)
{
    uint64_t u = us == 0 ? 0 : us - 1;
    if (u >= LK_HIST_US_MAX) u = LK_HIST_US_MAX - 1;
    if (u < LK_HIST_STEPS) return (unsigned)u;
    unsigned octave = 63u - (unsigned)__builtin_clzll(u) - 4u;
    return LK_HIST_STEPS * (octave + 1) + (unsigned)(u >> octave) - LK_HIST_STEPS;
}

uint64_t lk_hist_cell_limit_us(unsigned cell)
{
    if (cell < LK_HIST_STEPS) return cell + 1;
    unsigned octave = cell / LK_HIST_STEPS - 1;
    uint64_t step = cell % LK_HIST_STEPS;
    return (LK_HIST_STEPS + step + 1) << octave;
}

static uint64_t read64(const _Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static uint32_t read_cell(const struct lk_hist *hist, unsigned cell)
{
    return atomic_load_explicit(&hist->cell[cell], memory_order_relaxed);
}

void lk_hist_add(struct lk_hist *hist, uint64_t us)
{
    unsigned cell = cell_of(us);
    atomic_store_explicit(&hist->cell[cell], read_cell(hist, cell) + 1, memory_order_relaxed);
    atomic_store_explicit(&hist->sum_us, read64(&hist->sum_us) + us, memory_order_relaxed);
    atomic_store_explicit(&hist->count, read64(&hist->count) + 1, memory_order_relaxed);
}

uint64_t lk_hist_at_most(const struct lk_hist *hist, uint64_t us)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < LK_HIST_CELLS && lk_hist_cell_limit_us(i) <= us; i++)
        sum += read_cell(hist, i);
    return sum;
}

uint64_t lk_hist_quantile_us(const struct lk_hist *hist, double q)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < LK_HIST_CELLS; i++)
        total += read_cell(hist, i);
    if (total == 0) return 0;
    double want = q * (double)total;
    uint64_t sum = 0;
    for (unsigned i = 0; i < LK_HIST_CELLS; i++) {
        sum += read_cell(hist, i);
        if (sum > 0 && (double)sum >= want) return lk_hist_cell_limit_us(i);
    }
    return LK_HIST_US_MAX;
}

void lk_hist_merge(struct lk_hist *to, const struct lk_hist *from)
{
    for (unsigned i = 0; i < LK_HIST_CELLS; i++)
        atomic_store_explicit(&to->cell[i], read_cell(to, i) + read_cell(from, i),
                              memory_order_relaxed);
    atomic_store_explicit(&to->sum_us, read64(&to->sum_us) + read64(&from->sum_us),
                          memory_order_relaxed);
    atomic_store_explicit(&to->count, read64(&to->count) + read64(&from->count),
                          memory_order_relaxed);
}
