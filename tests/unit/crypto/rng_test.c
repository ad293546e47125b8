/* rng, ct: bytes come once, never after a fork again, never when the system refuses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/ct.h"
#include "crypto/rng.h"

/* The program's own definition stands before libc's, so that the tests decide what it gives. */
static struct {
    int calls;
    int interrupts; /* as many calls end in EINTR first */
    bool refuse;
    size_t most; /* bytes a call gives at most */
} source;

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    source.calls++;
    if (source.interrupts > 0) {
        source.interrupts--;
        errno = EINTR;
        return -1;
    }
    if (source.refuse) {
        errno = ENOSYS;
        return -1;
    }
    if (source.most != 0 && length > source.most) length = source.most;
    return syscall(SYS_getrandom, buffer, length, flags);
}

static int reset(void **state)
{
    (void)state;
    memset(&source, 0, sizeof source);
    return 0;
}

static void rng_draws_in_bulk(void **state)
{
    (void)state;
    struct lk_rng rng;
    uint8_t a[32], b[32];
    lk_rng_init(&rng);
    for (int i = 0; i < 16; i++)
        assert_true(lk_rng_bytes(&rng, i % 2 ? a : b, 32));
    assert_int_equal(source.calls, 1);
    assert_memory_not_equal(a, b, 32);
    assert_true(lk_rng_bytes(&rng, a, 1));
    assert_int_equal(source.calls, 2);
}

static void rng_forgets_what_it_gave(void **state)
{
    (void)state;
    struct lk_rng rng;
    uint8_t got[512], none[512] = {0};
    lk_rng_init(&rng);
    assert_true(lk_rng_bytes(&rng, got, sizeof got));
    assert_memory_equal(rng.pool, none, sizeof none);
    assert_memory_not_equal(got, none, sizeof none);
}

static void rng_gives_more_than_its_pool(void **state)
{
    (void)state;
    struct lk_rng rng;
    uint8_t got[1024] = {0}, none[16] = {0};
    lk_rng_init(&rng);
    source.most = 100;
    source.interrupts = 3;
    assert_true(lk_rng_bytes(&rng, got, sizeof got));
    assert_memory_not_equal(got + sizeof got - 16, none, 16);
}

static void rng_refuses_without_a_source(void **state)
{
    (void)state;
    struct lk_rng rng;
    uint8_t got[600];
    lk_rng_init(&rng);
    source.refuse = true;
    assert_false(lk_rng_bytes(&rng, got, 1));
    assert_false(lk_rng_bytes(&rng, got, sizeof got));
    source.refuse = false;
    assert_true(lk_rng_bytes(&rng, got, 1));
}

static void rng_of_a_child_is_its_own(void **state)
{
    (void)state;
    struct lk_rng rng;
    uint8_t mine[32], theirs[32];
    int pipe_ends[2];
    lk_rng_init(&rng);
    assert_true(lk_rng_bytes(&rng, mine, 1)); /* the pool is full at the fork */
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = lk_rng_bytes(&rng, theirs, 32) && write(pipe_ends[1], theirs, 32) == 32;
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(pipe_ends[0], theirs, 32), 32);
    assert_true(lk_rng_bytes(&rng, mine, 32));
    assert_memory_not_equal(mine, theirs, 32);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void ct_equal_sees_every_bit(void **state)
{
    (void)state;
    uint8_t a[40], b[40];
    memset(a, 0x5a, sizeof a);
    memcpy(b, a, sizeof b);
    assert_true(lk_ct_equal(a, b, sizeof a));
    assert_true(lk_ct_equal(a, b, 0));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(lk_ct_equal(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void ct_masks_are_all_or_nothing(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(lk_ct_is_zero(values[i]), values[i] == 0 ? 0xffffffff : 0);
        for (size_t j = 0; j < 6; j++)
            assert_int_equal(lk_ct_is_equal(values[i], values[j]), i == j ? 0xffffffff : 0);
    }
    assert_int_equal(lk_ct_select(0xffffffff, 3, 4), 3);
    assert_int_equal(lk_ct_select(0, 3, 4), 4);
}

static void wipe_leaves_zeros(void **state)
{
    (void)state;
    uint8_t a[33], none[32] = {0};
    memset(a, 0x77, sizeof a);
    lk_wipe(a, 32);
    assert_memory_equal(a, none, 32);
    assert_int_equal(a[32], 0x77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rng_draws_in_bulk, reset),
        cmocka_unit_test_setup(rng_forgets_what_it_gave, reset),
        cmocka_unit_test_setup(rng_gives_more_than_its_pool, reset),
        cmocka_unit_test_setup(rng_refuses_without_a_source, reset),
        cmocka_unit_test_setup(rng_of_a_child_is_its_own, reset),
        cmocka_unit_test(ct_equal_sees_every_bit),
        cmocka_unit_test(ct_masks_are_all_or_nothing),
        cmocka_unit_test(wipe_leaves_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
