/* report: the result for people and for programs. Owner main, after the threads have ended. */
#ifndef LK_TOOLS_BENCH_REPORT_H
#define LK_TOOLS_BENCH_REPORT_H

#include "tools/lurk-bench/plan.h"
#include "tools/lurk-bench/stats.h"
#include "tools/lurk-bench/usage.h"

struct lk_bench_result {
    const struct lk_bench_options *options;
    const struct lk_bench_plan *plan;
    const struct lk_bench_stats *stats;   /* of the load */
    const struct lk_bench_stats *hostile; /* of --hostile, or NULL */
    const struct lk_bench_stats *held;    /* of --hold, or NULL */
    double measured_s;
    double client_cpu_s;          /* of the load's threads while measured */
    struct lk_bench_usage server; /* while measured */
};

void lk_bench_report_table(const struct lk_bench_result *result, FILE *to);
/* Returns -errno when the file can not be written. */
LK_MUST_USE lk_err lk_bench_report_json(const struct lk_bench_result *result, const char *file);
/* Was every answer right, and every request answered? temporary_failure is an answer; other faults
 * are not. */
bool lk_bench_report_good(const struct lk_bench_result *result);

#endif
