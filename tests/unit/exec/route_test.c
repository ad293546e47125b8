#include "core/exec/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint32_t plenty[LK_LANE_CLASSES] = {100000, 100000};

static struct lk_load load(uint64_t cost_ns)
{
    return (struct lk_load){.cost_ns = cost_ns, .lanes = LK_LANES_SMALL};
}

static void route_spreads_the_homes_of_keys_evenly(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= LK_WORKERS_MAX; workers += 7) {
        struct lk_route route;
        lk_route_init(&route, workers, UINT64_MAX, plenty);
        enum { KEYS = 10000 };
        for (uint64_t key = 0; key < KEYS; key++) {
            bool spread;
            uint32_t worker = lk_route_worker(&route, 3ull << 32 | key, load(1), &spread);
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
    lk_route_init(&route, 8, 1000, plenty);
    bool spread;
    uint32_t home = lk_route_worker(&route, 42, load(500), &spread);
    for (int i = 0; i < 100; i++) {
        lk_route_home(&route, home, load(500));
        assert_int_equal(lk_route_worker(&route, 42, load(500), &spread), home);
        assert_false(spread);
    }
}

/* A key ten times hotter than its home can serve fills every worker alike and comes back home. */
static void route_spreads_a_hot_key_and_brings_it_back(void **state)
{
    (void)state;
    enum { WORKERS = 4, BOUND = 1000, COST = 100, REQUESTS = 200 };
    struct lk_route route;
    lk_route_init(&route, WORKERS, BOUND, plenty);
    uint32_t sent[WORKERS] = {0};
    bool spread = false;
    uint32_t home = lk_route_worker(&route, 7, load(COST), &spread);
    sent[home]++;
    for (int i = 1; i < REQUESTS; i++)
        sent[lk_route_worker(&route, 7, load(COST), &spread)]++;
    for (unsigned w = 0; w < WORKERS; w++)
        assert_in_range(sent[w], REQUESTS / WORKERS - 1, REQUESTS / WORKERS + 1);
    for (unsigned w = 0; w < WORKERS; w++)
        for (uint32_t i = 0; i < sent[w]; i++)
            lk_route_home(&route, w, load(COST));
    assert_int_equal(lk_route_worker(&route, 7, load(COST), &spread), home);
    assert_false(spread);
}

/* What is full is passed by, above the bound too, until every lane of every worker is in use. */
static void route_sends_no_worker_more_than_its_lanes(void **state)
{
    (void)state;
    enum { WORKERS = 3, SMALL = 10, LARGE = 2 };
    static const uint32_t lanes[LK_LANE_CLASSES] = {SMALL, LARGE};
    struct lk_route route;
    lk_route_init(&route, WORKERS, UINT64_MAX, lanes);
    bool spread;
    uint32_t home = lk_route_worker(&route, 7, load(100), &spread);
    for (int i = 1; i < WORKERS * SMALL; i++) {
        uint32_t worker = lk_route_worker(&route, 7, load(100), &spread);
        assert_int_equal(worker, (home + (uint32_t)i / SMALL) % WORKERS);
    }
    for (unsigned w = 0; w < WORKERS; w++)
        assert_int_equal(route.in_flight[LK_LANES_SMALL][w], SMALL);
    struct lk_load large = {.cost_ns = 100, .lanes = LK_LANES_LARGE};
    assert_int_equal(lk_route_worker(&route, 7, large, &spread), home);
    lk_route_home(&route, (home + 2) % WORKERS, load(100));
    assert_int_equal(lk_route_worker(&route, 7, load(100), &spread), (home + 2) % WORKERS);
    assert_true(spread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_spreads_the_homes_of_keys_evenly),
        cmocka_unit_test(route_keeps_a_cool_key_at_its_home),
        cmocka_unit_test(route_spreads_a_hot_key_and_brings_it_back),
        cmocka_unit_test(route_sends_no_worker_more_than_its_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
