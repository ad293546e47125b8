/* The bench's histogram: quantiles close to the exact ones, nothing lost at either end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/lurk-bench/draw.h"
#include "tools/lurk-bench/hist.h"

static struct lk_bench_hist hist, other;

static int fresh(void **state)
{
    (void)state;
    memset(&hist, 0, sizeof(hist));
    memset(&other, 0, sizeof(other));
    return 0;
}

static void hist_is_zero_when_empty(void **state)
{
    (void)state;
    assert_int_equal(lk_bench_hist_quantile(&hist, 0.5), 0);
    assert_true(lk_bench_hist_mean(&hist) == 0);
}

static void hist_keeps_small_values_exactly(void **state)
{
    (void)state;
    for (uint64_t v = 1; v <= 200; v++)
        lk_bench_hist_add(&hist, v);
    assert_int_equal(lk_bench_hist_quantile(&hist, 0.5), 100);
    assert_int_equal(lk_bench_hist_quantile(&hist, 0.99), 198);
    assert_int_equal(lk_bench_hist_quantile(&hist, 1), 200);
    assert_int_equal(lk_bench_hist_quantile(&hist, 0), 1);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Against the sorted values themselves: never below the exact quantile, at most 0.8 % above. */
static void hist_quantiles_are_close(void **state)
{
    static uint64_t value[20000];
    struct lk_bench_draw draw = {.state = 2};
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        value[i] = lk_bench_draw_u64(&draw) >> (24 + lk_bench_draw_below(&draw, 30));
        lk_bench_hist_add(i % 2 ? &hist : &other, value[i]);
    }
    lk_bench_hist_merge(&hist, &other);
    qsort(value, 20000, sizeof(value[0]), ascending);
    assert_int_equal(hist.count, 20000);
    assert_int_equal(hist.max_ns, value[19999]);
    for (unsigned i = 0; i < 20000; i += 97) {
        uint64_t got = lk_bench_hist_quantile(&hist, ((double)i + 0.5) / 20000);
        assert_true(got >= value[i]);
        assert_true((double)got <= (double)value[i] * 1.008 + 1);
    }
}

static void hist_takes_any_value(void **state)
{
    (void)state;
    lk_bench_hist_add(&hist, UINT64_MAX);
    lk_bench_hist_add(&hist, 0);
    assert_int_equal(lk_bench_hist_quantile(&hist, 1), UINT64_MAX);
    assert_int_equal(lk_bench_hist_quantile(&hist, 0.5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hist_is_zero_when_empty, fresh),
        cmocka_unit_test_setup(hist_keeps_small_values_exactly, fresh),
        cmocka_unit_test_setup(hist_quantiles_are_close, fresh),
        cmocka_unit_test_setup(hist_takes_any_value, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
