/* Clocks of edges: where a skew is counted, and that the page tells no edge's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/watch/metrics.h"

/* The cell of a value by the bounds alone. */
static unsigned cell_of(int64_t seconds)
{
    unsigned cell = LK_SKEW_CELLS - 1;
    while (cell > 0 && seconds <= lk_skew_limit_s(cell - 1))
        cell--;
    return cell;
}

static void skew_is_counted_within_its_bounds(void **state)
{
    (void)state;
    static const int64_t values[] = {0,    1,    -1,    2,     3,      -2,        10,        11,       -10,
                                     -11,  60,   -60,   61,    -61,    300,       301,       -3600,    -3601,
                                     3600, 3601, -3602, 99999, -99999, INT64_MAX, INT64_MIN, 4294967295};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct lk_skew skew = {0};
        lk_skew_add(&skew, values[i]);
        for (unsigned c = 0; c < LK_SKEW_CELLS; c++)
            assert_int_equal(lk_skew_count(&skew, c), c == cell_of(values[i]));
    }
}

static void skew_bounds_grow_and_are_signed_alike(void **state)
{
    (void)state;
    for (unsigned c = 1; c < LK_SKEW_CELLS; c++)
        assert_true(lk_skew_limit_s(c - 1) < lk_skew_limit_s(c));
    /* A second early and a second late are both apart from none. */
    assert_int_not_equal(cell_of(0), cell_of(1));
    assert_int_not_equal(cell_of(0), cell_of(-1));
    /* 60 s, the widest window by default, is the end of a cell on either side. */
    assert_int_not_equal(cell_of(60), cell_of(61));
    assert_int_not_equal(cell_of(-60), cell_of(-61));
}

static void skew_page_sums_edges_and_names_none(void **state)
{
    (void)state;
    struct lk_process_counters *front = calloc(1, lk_process_counters_bytes(2));
    assert_non_null(front);
    front->threads = 2;
    strcpy(front->process, "front");
    lk_skew_add(&front->thread[0].skew, 75);
    lk_skew_add(&front->thread[1].skew, 0);
    lk_skew_add(&front->thread[0].edge_skew[3], 75);
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    lk_metrics_write(to, (const struct lk_process_counters *const[]){front}, 1);
    fclose(to);
    assert_non_null(strstr(text, "\nlurk_server_random_skew_seconds_bucket{le=\"-1\"} 0\n"));
    assert_non_null(strstr(text, "\nlurk_server_random_skew_seconds_bucket{le=\"60\"} 1\n"));
    assert_non_null(strstr(text, "\nlurk_server_random_skew_seconds_bucket{le=\"300\"} 2\n"));
    assert_non_null(strstr(text, "\nlurk_server_random_skew_seconds_count 2\n"));
    assert_null(strstr(text, "edge="));
    free(text);
    free(front);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skew_is_counted_within_its_bounds),
        cmocka_unit_test(skew_bounds_grow_and_are_signed_alike),
        cmocka_unit_test(skew_page_sums_edges_and_names_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
