#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/watch/hist.h"

static void hist_limits_grow_and_hold_their_values(void **state)
{
    (void)state;
    uint64_t before = 0;
    for (unsigned i = 0; i < LK_HIST_CELLS; i++) {
        struct lk_hist hist = {0};
        uint64_t limit = lk_hist_cell_limit_us(i);
        assert_true(limit > before);
        lk_hist_add(&hist, before + 1);
        lk_hist_add(&hist, limit);
        assert_int_equal(hist.cell[i], 2);
        before = limit;
    }
    assert_int_equal(before, LK_HIST_US_MAX);
}

static void hist_error_is_at_most_a_sixteenth(void **state)
{
    (void)state;
    for (uint64_t v = 1; v < LK_HIST_US_MAX; v += 1 + v / 50) {
        struct lk_hist hist = {0};
        lk_hist_add(&hist, v);
        uint64_t got = lk_hist_quantile_us(&hist, 0.5);
        assert_true(got >= v && got <= v + v / 16 + 1);
    }
}

static void hist_quantiles_follow_the_ranks(void **state)
{
    (void)state;
    struct lk_hist hist = {0};
    for (uint64_t v = 1; v <= 32; v++)
        lk_hist_add(&hist, v);
    assert_int_equal(lk_hist_quantile_us(&hist, 0.5), 16);
    assert_int_equal(lk_hist_quantile_us(&hist, 1.0), 32);
    assert_int_equal(lk_hist_quantile_us(&hist, 0.0), 1);
    assert_int_equal(lk_hist_at_most(&hist, 10), 10);
    assert_int_equal(hist.count, 32);
    assert_int_equal(hist.sum_us, 32 * 33 / 2);
}

static void hist_of_nothing_has_no_quantile(void **state)
{
    (void)state;
    struct lk_hist hist = {0};
    assert_int_equal(lk_hist_quantile_us(&hist, 0.99), 0);
}

static void hist_takes_the_extremes(void **state)
{
    (void)state;
    struct lk_hist hist = {0}, sum = {0};
    lk_hist_add(&hist, 0);
    lk_hist_add(&hist, UINT64_C(1) << 40);
    assert_int_equal(hist.cell[0], 1);
    assert_int_equal(hist.cell[LK_HIST_CELLS - 1], 1);
    lk_hist_merge(&sum, &hist);
    lk_hist_merge(&sum, &hist);
    assert_int_equal(sum.count, 4);
    assert_int_equal(sum.cell[LK_HIST_CELLS - 1], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_limits_grow_and_hold_their_values),
        cmocka_unit_test(hist_error_is_at_most_a_sixteenth),
        cmocka_unit_test(hist_quantiles_follow_the_ranks),
        cmocka_unit_test(hist_of_nothing_has_no_quantile),
        cmocka_unit_test(hist_takes_the_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
