/* Requests in flight: each answer finds its request once; doubles, late ones and strangers are
 * told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/lurk-bench/flight.h"

#define SLOTS 4
#define MASK 0x123456789abcdef0u

static struct lk_bench_flight flight;

static int fresh(void **state)
{
    (void)state;
    return lk_bench_flight_init(&flight, SLOTS, 100, MASK);
}

static int gone(void **state)
{
    (void)state;
    lk_bench_flight_fini(&flight);
    return 0;
}

static void flight_answers_find_their_requests(void **state)
{
    uint64_t id[SLOTS], none;
    struct lk_bench_request *sent[SLOTS], *found;
    (void)state;
    for (int i = 0; i < SLOTS; i++)
        assert_non_null(sent[i] = lk_bench_flight_take(&flight, &id[i]));
    assert_null(lk_bench_flight_take(&flight, &none));
    assert_int_equal(lk_bench_flight_outstanding(&flight), SLOTS);
    for (int i = SLOTS - 1; i >= 0; i--) {
        assert_int_equal(lk_bench_flight_match(&flight, id[i], &found), LK_BENCH_MATCH_FOUND);
        assert_ptr_equal(found, sent[i]);
        lk_bench_flight_release(&flight, found, false);
    }
    assert_int_equal(lk_bench_flight_outstanding(&flight), 0);
}

static void flight_second_answers_are_told(void **state)
{
    uint64_t id, next;
    struct lk_bench_request *request, *found;
    (void)state;
    request = lk_bench_flight_take(&flight, &id);
    lk_bench_flight_release(&flight, request, false);
    assert_int_equal(lk_bench_flight_match(&flight, id, &found), LK_BENCH_MATCH_DOUBLE);
    lk_bench_flight_take(&flight, &next); /* the slot in use again does not change that */
    assert_int_equal(lk_bench_flight_match(&flight, id, &found), LK_BENCH_MATCH_DOUBLE);
    assert_int_equal(lk_bench_flight_match(&flight, next, &found), LK_BENCH_MATCH_FOUND);
}

static void flight_repeats_may_be_answered_twice(void **state)
{
    uint64_t id;
    struct lk_bench_request *request = lk_bench_flight_take(&flight, &id), *found;
    (void)state;
    request->repeated = true;
    lk_bench_flight_release(&flight, request, false);
    assert_int_equal(lk_bench_flight_match(&flight, id, &found), LK_BENCH_MATCH_REPEAT);
}

static void flight_late_answers_are_told(void **state)
{
    uint64_t id;
    struct lk_bench_request *request = lk_bench_flight_take(&flight, &id), *found;
    (void)state;
    lk_bench_flight_release(&flight, request, true);
    assert_int_equal(lk_bench_flight_match(&flight, id, &found), LK_BENCH_MATCH_LATE);
}

static void flight_strangers_are_unknown(void **state)
{
    uint64_t id;
    struct lk_bench_request *found;
    (void)state;
    lk_bench_flight_take(&flight, &id);
    assert_int_equal(lk_bench_flight_match(&flight, MASK, &found), LK_BENCH_MATCH_UNKNOWN);
    assert_int_equal(lk_bench_flight_match(&flight, id ^ 0x3f, &found), LK_BENCH_MATCH_UNKNOWN);
    assert_int_equal(lk_bench_flight_match(&flight, ~id, &found), LK_BENCH_MATCH_UNKNOWN);
    assert_int_equal(lk_bench_flight_match(&flight, id ^ 1 << 10, &found), LK_BENCH_MATCH_UNKNOWN);
}

static void flight_reset_forgets(void **state)
{
    uint64_t id;
    struct lk_bench_request *found;
    (void)state;
    lk_bench_flight_take(&flight, &id);
    lk_bench_flight_take(&flight, &id);
    assert_int_equal(lk_bench_flight_reset(&flight, ~MASK), 2);
    assert_int_equal(lk_bench_flight_outstanding(&flight), 0);
    assert_int_equal(lk_bench_flight_match(&flight, id, &found), LK_BENCH_MATCH_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flight_answers_find_their_requests),   TEST(flight_second_answers_are_told),
        TEST(flight_repeats_may_be_answered_twice), TEST(flight_late_answers_are_told),
        TEST(flight_strangers_are_unknown),         TEST(flight_reset_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
