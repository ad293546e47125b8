/* usage: CPU time of the server, from /proc or from its metrics page. Read before and after the
 * measured time by main; the difference is what the requests cost. */
#ifndef LK_TOOLS_BENCH_USAGE_H
#define LK_TOOLS_BENCH_USAGE_H

#include <stdbool.h>

#include "tools/lurk-bench/options.h"

#define LK_BENCH_USAGE_PARTS 16

struct lk_bench_usage_part {
    char name[32];
    double cpu_s;
};

struct lk_bench_usage {
    bool known;
    double cpu_s; /* of all parts */
    struct lk_bench_usage_part part[LK_BENCH_USAGE_PARTS];
    unsigned part_count;
};

/* By --server-pids: user and system time of each process and of every live process below it, a part
 * each. Else by --metrics: the series lurk_process_cpu_seconds_total, a part each process. Neither:
 * not known. Blocks for as long as the page takes, one second at most. */
void lk_bench_usage_read(const struct lk_bench_options *options, struct lk_bench_usage *out);

/* after - before, part by part; a part that is new counts in full. */
void lk_bench_usage_subtract(struct lk_bench_usage *after, const struct lk_bench_usage *before);

/* Adds the parts of a page in Prometheus text. Returns how many. */
unsigned lk_bench_usage_parse(const char *page, struct lk_bench_usage *out);

#endif
