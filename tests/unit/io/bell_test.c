/* A bell wakes a sleeper, leaves the wakeful alone and loses no wake. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "io/bell.h"

#define ROUNDS 100000u

/* Ball: whose turn it is. Each side sleeps without a timeout while it is the other's, so that one
 * lost wake stops the game (and the test runner's time limit ends it). */
struct game {
    struct lk_bell_word bell[2];
    alignas(64) _Atomic uint32_t ball;
    int eventfd;
};

static void wait_ball(struct game *g, uint32_t want, unsigned side)
{
    for (;;) {
        if (atomic_load_explicit(&g->ball, memory_order_acquire) == want) return;
        uint32_t seen = lk_bell_word(&g->bell[side]);
        lk_bell_doze(&g->bell[side]);
        if (atomic_load_explicit(&g->ball, memory_order_acquire) == want) {
            lk_bell_awake(&g->bell[side]);
            return;
        }
        lk_bell_sleep(&g->bell[side], seen, 0);
    }
}

static void *player(void *arg)
{
    struct game *g = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        wait_ball(g, 2 * i + 1, 1);
        atomic_store_explicit(&g->ball, 2 * i + 2, memory_order_release);
        lk_bell_ring_worker(&g->bell[0]);
    }
    return NULL;
}

static void bell_loses_no_wake(void **state)
{
    (void)state;
    static struct game g;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, player, &g), 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        atomic_store_explicit(&g.ball, 2 * i + 1, memory_order_release);
        lk_bell_ring_worker(&g.bell[1]);
        wait_ball(&g, 2 * i + 2, 0);
    }
    pthread_join(thread, NULL);
    assert_int_equal(g.ball, 2 * ROUNDS);
}

static void wait_eventfd(struct game *g, uint32_t want)
{
    for (;;) {
        if (atomic_load_explicit(&g->ball, memory_order_acquire) == want) return;
        lk_bell_doze(&g->bell[0]);
        if (atomic_load_explicit(&g->ball, memory_order_acquire) == want) break;
        struct pollfd p = {.fd = g->eventfd, .events = POLLIN};
        poll(&p, 1, -1);
        uint64_t rings;
        (void)!read(g->eventfd, &rings, sizeof rings);
    }
    lk_bell_awake(&g->bell[0]);
}

static void *eventfd_player(void *arg)
{
    struct game *g = arg;
    for (uint32_t i = 0; i < ROUNDS / 4; i++) {
        wait_ball(g, 2 * i + 1, 1);
        atomic_store_explicit(&g->ball, 2 * i + 2, memory_order_release);
        lk_bell_ring_loop(&g->bell[0], g->eventfd);
    }
    return NULL;
}

static void bell_of_a_loop_loses_no_wake(void **state)
{
    (void)state;
    static struct game g;
    g.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, eventfd_player, &g), 0);
    for (uint32_t i = 0; i < ROUNDS / 4; i++) {
        atomic_store_explicit(&g.ball, 2 * i + 1, memory_order_release);
        lk_bell_ring_worker(&g.bell[1]);
        wait_eventfd(&g, 2 * i + 2);
    }
    pthread_join(thread, NULL);
    close(g.eventfd);
}

static void bell_leaves_the_wakeful_alone(void **state)
{
    (void)state;
    struct lk_bell_word bell = {0};
    uint32_t before = lk_bell_word(&bell);
    assert_false(lk_bell_ring_worker(&bell));
    assert_int_equal(lk_bell_word(&bell), before);
    lk_bell_doze(&bell);
    assert_true(lk_bell_ring_worker(&bell));
    assert_false(lk_bell_ring_worker(&bell)); /* one ring a sleep */
    assert_int_not_equal(lk_bell_word(&bell), before);
    assert_false(lk_bell_ring_loop(&bell, -1));
}

static void bell_sleep_ends_by_timeout_and_by_a_ring_before_it(void **state)
{
    (void)state;
    struct lk_bell_word bell = {0};
    uint32_t seen = lk_bell_word(&bell);
    lk_bell_doze(&bell);
    uint64_t start = lk_clock_now_ns();
    lk_bell_sleep(&bell, seen, LK_NS_PER_MS);
    assert_true(lk_clock_now_ns() - start >= LK_NS_PER_MS);
    assert_false(lk_bell_ring_worker(&bell)); /* awake again */
    lk_bell_doze(&bell);
    assert_true(lk_bell_ring_worker(&bell));
    lk_bell_sleep(&bell, seen, 0); /* the word has moved on: no sleep */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bell_leaves_the_wakeful_alone),
        cmocka_unit_test(bell_sleep_ends_by_timeout_and_by_a_ring_before_it),
        cmocka_unit_test(bell_loses_no_wake),
        cmocka_unit_test(bell_of_a_loop_loses_no_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
