/* plan: what the threads draw their requests from: the mix with its weights, and for each exchange
 * of it the templates of every key, with the spread of the keys (uniform or Zipf). Owner main, made
 * before threads start; read only and shared afterwards. */
#ifndef LK_TOOLS_BENCH_PLAN_H
#define LK_TOOLS_BENCH_PLAN_H

#include "tools/lurk-bench/exchange.h"
#include "tools/lurk-bench/options.h"

struct lk_bench_choice {
    uint8_t exchange; /* enum lk_bench_exchange_id */
    const struct lk_bench_template *from;
};

struct lk_bench_plan_row {
    uint8_t exchange;
    uint64_t weight_through;             /* sum of the weights up to this row */
    struct lk_bench_template *templates; /* [key][item] */
    double *share_through;               /* [key], cumulative, ends at 1; NULL: uniform */
    uint32_t key_count, item_count;
};

struct lk_bench_plan {
    struct lk_bench_plan_row row[LK_BENCH_EXCHANGE_COUNT];
    uint32_t row_count;
    uint32_t key_count; /* of all rows, for the report */
    uint32_t request_bytes_max;
};

/* Makes all templates of the options' mix. On failure `error` says which option lacks what. */
LK_MUST_USE lk_err lk_bench_plan_make(struct lk_bench_plan *plan,
                                      const struct lk_bench_options *options,
                                      const struct lk_bench_keys *keys,
                                      const struct lk_bench_keys *sign_keys, char *error,
                                      uint32_t error_bytes);
void lk_bench_plan_free(struct lk_bench_plan *plan);

/* The next request of a thread. The plan has at least one row. */
struct lk_bench_choice lk_bench_plan_draw(const struct lk_bench_plan *plan,
                                          struct lk_bench_draw *draw);

#endif
