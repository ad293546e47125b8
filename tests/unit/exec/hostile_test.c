/* A front that was taken over, against the worker: T12 and T13 of the threat model. */
#include "tests/support/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static uint64_t seed_make(void)
{
    uint64_t seed = (uint64_t)time(NULL);
    const char *given = getenv("LK_SEED");
    if (given != NULL) seed = strtoull(given, NULL, 10);
    printf("seed %llu\n", (unsigned long long)seed);
    return seed;
}

/* xorshift64* */
static uint64_t draw(uint64_t *x)
{
    *x ^= *x >> 12;
    *x ^= *x << 25;
    *x ^= *x >> 27;
    return *x * 0x2545f4914f6cdd1dull;
}

static void worker_signs_only_its_own_text_for_random_fronts(void **state)
{
    (void)state;
    uint64_t x = seed_make() | 1;
    lk_hostile_rig();
    uint64_t before = lk_hostile_signed();
    for (unsigned run = 0; run < 3000; run++) {
        uint8_t bytes[400];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(draw(&x) >> 56);
        lk_hostile_do(lk_bytes_of(bytes, sizeof bytes));
    }
    assert_true(lk_hostile_signed() - before > 1000); /* something was served in between */
}

/* --- bytes that change while they are judged -------------------------------------------------- */

enum { SLOTS = 16, FLIP_BYTES = 320, JOBS = 200000 };

static _Atomic bool stop;

static void *flip(void *arg)
{
    uint64_t x = *(const uint64_t *)arg;
    const struct lk_rig *rig = lk_hostile_rig();
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        uint64_t r = draw(&x);
        size_t at = r >> 8 & 1023;
        /* State and generation seldom: they end the epoch, and little is judged then. */
        if (at >= FLIP_BYTES || (at < 8 && (r >> 32 & 255) != 0)) continue;
        volatile uint8_t *byte = rig->map.base + (r >> 20) % SLOTS * LK_SLOT_SMALL_BYTES + at;
        *byte = (uint8_t)(*byte ^ 1u << (r & 7));
        for (unsigned i = 0; i < (r >> 40 & 63); i++)
            __asm__ volatile("");
    }
    return NULL;
}

static void worker_judges_one_copy_while_bytes_flip(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* the race is the test */
#endif
    uint64_t x = seed_make() | 1, seed = x ^ 0x5555;
    lk_hostile_rig();
    uint64_t before = lk_hostile_signed(), jobs = 0;
    atomic_store(&stop, false);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, flip, &seed), 0);
    for (uint64_t round = 0; jobs < JOBS && round < JOBS; round++) {
        for (uint32_t i = 0; i < SLOTS; i++)
            lk_hostile_send(i, (enum lk_hostile_key)(draw(&x) >> 60) % LK_HOSTILE_KEYS, (uint32_t)round, 2);
        jobs += lk_hostile_turn();
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    uint64_t served = lk_hostile_signed() - before;
    assert_true(jobs >= JOBS);
    assert_true(served > 0 && served < jobs); /* some passed, some were refused */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_signs_only_its_own_text_for_random_fronts),
        cmocka_unit_test(worker_judges_one_copy_while_bytes_flip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
