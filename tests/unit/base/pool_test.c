#include "core/base/pool.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void pool_hands_out_each_index_once(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 63, 64, 65, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        uint32_t size = sizes[s];
        void *memory = malloc(lk_pool_bytes(size) + 1);
        struct lk_pool pool;
        lk_pool_init(&pool, memory, size);
        bool seen[1000] = {false};
        for (uint32_t i = 0; i < size; i++) {
            uint32_t index = lk_pool_take(&pool);
            assert_true(index < size && !seen[index]);
            seen[index] = true;
            assert_int_equal(pool.left, size - 1 - i);
        }
        assert_int_equal(lk_pool_take(&pool), LK_POOL_NONE);
        free(memory);
    }
}

static void pool_takes_the_last_released_first(void **state)
{
    (void)state;
    uint64_t memory[64];
    struct lk_pool pool;
    assert_true(lk_pool_bytes(10) <= sizeof memory);
    lk_pool_init(&pool, memory, 10);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(lk_pool_take(&pool), i);
    lk_pool_release(&pool, 3);
    lk_pool_release(&pool, 7);
    assert_int_equal(lk_pool_take(&pool), 7);
    assert_int_equal(lk_pool_take(&pool), 3);
    assert_int_equal(lk_pool_take(&pool), LK_POOL_NONE);
}

/* Does the release stop the process? */
static bool release_aborts(uint32_t index)
{
    pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        signal(SIGABRT, SIG_DFL);
        uint64_t memory[64];
        struct lk_pool pool;
        lk_pool_init(&pool, memory, 10);
        (void)lk_pool_take(&pool);
        (void)lk_pool_take(&pool);
        lk_pool_release(&pool, 0);
        lk_pool_release(&pool, index);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void pool_stops_the_process_at_a_wrong_release(void **state)
{
    (void)state;
    assert_false(release_aborts(1));
    assert_true(release_aborts(0));  /* twice */
    assert_true(release_aborts(2));  /* never taken */
    assert_true(release_aborts(10)); /* outside */
    assert_true(release_aborts(LK_POOL_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_hands_out_each_index_once),
        cmocka_unit_test(pool_takes_the_last_released_first),
        cmocka_unit_test(pool_stops_the_process_at_a_wrong_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
