#include "tools/lurk-bench/hist.h"

/* Cell of a value: below one octave of steps the value itself, above it the top 8 bits, shifted
 * into the octave's own row. */
static unsigned cell_of(uint64_t ns)
{
    if (ns < LK_BENCH_HIST_STEPS) return (unsigned)ns;
    unsigned shift = (unsigned)(63 - __builtin_clzll(ns)) - 7;
    unsigned cell = shift * LK_BENCH_HIST_STEPS + (unsigned)(ns >> shift);
    return cell < LK_BENCH_HIST_CELLS ? cell : LK_BENCH_HIST_CELLS - 1;
}

/* The largest value of a cell. */
static uint64_t cell_limit(unsigned cell)
{
    if (cell < 2 * LK_BENCH_HIST_STEPS) return cell;
    unsigned shift = cell / LK_BENCH_HIST_STEPS - 1;
    return ((uint64_t)(cell - shift * LK_BENCH_HIST_STEPS + 1) << shift) - 1;
}

void lk_bench_hist_add(struct lk_bench_hist *hist, uint64_t ns)
{
    hist->count++;
    hist->sum_ns += (double)ns;
    if (ns > hist->max_ns) hist->max_ns = ns;
    hist->cell[cell_of(ns)]++;
}

void lk_bench_hist_merge(struct lk_bench_hist *into, const struct lk_bench_hist *from)
{
    into->count += from->count;
    into->sum_ns += from->sum_ns;
    if (from->max_ns > into->max_ns) into->max_ns = from->max_ns;
    for (unsigned i = 0; i < LK_BENCH_HIST_CELLS; i++)
        into->cell[i] += from->cell[i];
}

uint64_t lk_bench_hist_quantile(const struct lk_bench_hist *hist, double q)
{
    if (hist->count == 0) return 0;
    double exact = q * (double)hist->count;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact || rank == 0) rank++;
    uint64_t seen = 0;
    for (unsigned i = 0; i < LK_BENCH_HIST_CELLS; i++) {
        seen += hist->cell[i];
        if (seen < rank) continue;
        uint64_t limit = cell_limit(i);
        return limit < hist->max_ns && i + 1 < LK_BENCH_HIST_CELLS ? limit : hist->max_ns;
    }
    return hist->max_ns;
}

double lk_bench_hist_mean(const struct lk_bench_hist *hist)
{
    return hist->count ? hist->sum_ns / (double)hist->count : 0;
}
