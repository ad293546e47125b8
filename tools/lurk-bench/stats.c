#include "tools/lurk-bench/stats.h"

void lk_bench_stats_merge(struct lk_bench_stats *into, const struct lk_bench_stats *from)
{
    for (int i = 0; i < LK_BENCH_COUNT_COUNT; i++)
        into->count[i] += from->count[i];
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++) {
        struct lk_bench_tally *to = &into->tally[x];
        to->answered += from->tally[x].answered;
        for (int s = 0; s < LK_BENCH_STATUSES; s++) {
            to->refused_lurk[s] += from->tally[x].refused_lurk[s];
            to->refused_own[s] += from->tally[x].refused_own[s];
        }
        lk_bench_hist_merge(&to->latency, &from->tally[x].latency);
    }
}
