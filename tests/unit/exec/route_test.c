#include "core/exec/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>


static void route_spreads_the_homes_of_keys_evenly(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= LK_WORKERS_MAX; workers += 7) {
        struct lk_route route;
        lk_route_init(&route, workers, UINT64_MAX);
        enum { KEYS = 10000 };
        for (uint64_t key = 0; key < KEYS; key++) {
            bool spread;
            uint32_t worker = lk_route_worker(&route, 3ull << 32 | key, 1, &spread);
            assert_true(worker < workers);
            assert_false(spread);
        }
        for (uint32_t w = 0; w < workers; w++)
            assert_in_range(route.in_flight_ns[w], KEYS / workers * 8 / 10, KEYS / workers * 12 / 10 + 1);
    }
}

static void route_keeps_a_cool_key_at_its_home(void **state)
{
    (void)state;
    struct lk_route route;
    lk_route_init(&route, 8, 1000);
    bool spread;
    uint32_t home = lk_route_worker(&route, 42, 500, &spread);
    for (int i = 0; i < 100; i++) {
        lk_route_home(&route, home, 500);
        assert_int_equal(lk_route_worker(&route, 42, 500, &spread), home);
        assert_false(spread);
    }
}

/* A key ten times hotter than its home can serve fills every worker alike and comes back home. */
static void route_spreads_a_hot_key_and_brings_it_back(void **state)
{
    (void)state;
    enum { WORKERS = 4, BOUND = 1000, COST = 100, REQUESTS = 200 };
    struct lk_route route;
    lk_route_init(&route, WORKERS, BOUND);
    uint32_t sent[WORKERS] = {0};
    bool spread = false;
    uint32_t home = lk_route_worker(&route, 7, COST, &spread);
    sent[home]++;
    for (int i = 1; i < REQUESTS; i++)
        sent[lk_route_worker(&route, 7, COST, &spread)]++;
    for (unsigned w = 0; w < WORKERS; w++)
        assert_in_range(sent[w], REQUESTS / WORKERS - 1, REQUESTS / WORKERS + 1);
    for (unsigned w = 0; w < WORKERS; w++)
        for (uint32_t i = 0; i < sent[w]; i++)
            lk_route_home(&route, w, COST);
    assert_int_equal(lk_route_worker(&route, 7, COST, &spread), home);
    assert_false(spread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_spreads_the_homes_of_keys_evenly),
        cmocka_unit_test(route_keeps_a_cool_key_at_its_home),
        cmocka_unit_test(route_spreads_a_hot_key_and_brings_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
