/* Secret memory: where it lies, and that it forgets. */
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/secret.h"

/* Sanitizer builds use ordinary memory; the kind says so. */
static bool real(void)
{
    return strcmp(lk_secret_kind(), "ordinary") != 0;
}

static void secret_memory_is_zeroed_aligned_and_in_the_range(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 300000; bytes = bytes * 3 + 1) {
        uint8_t *p = lk_secret_alloc(bytes);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        if (real()) assert_true(lk_secret_holds(p));
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xaa, bytes);
        lk_secret_free(p);
    }
    lk_secret_free(NULL);
}

/* The heap hands the place out again before anybody else wrote to it. */
static void secret_memory_is_wiped_when_freed(void **state)
{
    (void)state;
    if (!real()) skip();
    uint8_t *p = lk_secret_alloc(512);
    memset(p, 0x5a, 512);
    lk_secret_free(p);
    for (size_t i = 0; i < 512; i++)
        assert_int_equal(p[i], 0);
}

static void secret_memory_holds_all_of_libcrypto(void **state)
{
    (void)state;
    if (!real()) skip();
    BIGNUM *n = BN_new();
    assert_non_null(n);
    assert_true(lk_secret_holds(n));
    uint8_t *p = OPENSSL_malloc(100);
    assert_true(lk_secret_holds(p));
    memset(p, 7, 100);
    uint8_t *q = OPENSSL_realloc(p, 5000);
    assert_true(lk_secret_holds(q));
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(q[i], 7);
    if (q != p)
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(p[i], 0); /* no copy stays behind */
    OPENSSL_free(q);
    BN_free(n);
}

/* A forked child has no page there: it dies when it looks. */
static void secret_memory_does_not_follow_a_fork(void **state)
{
    (void)state;
    if (!real()) skip();
    volatile uint8_t *p = lk_secret_alloc(64);
    pid_t pid = (pid_t)syscall(SYS_fork); /* the heap's own fork handler looks there too */
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* not cmocka's */
        _exit(p[0]);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    lk_secret_free((void *)(uintptr_t)p);
}

/* Every mapping of the range says "do not dump" (dd) and "do not copy on fork" (dc). */
static void secret_memory_is_left_out_of_dumps(void **state)
{
    (void)state;
    if (!real()) skip();
    uintptr_t want = (uintptr_t)lk_secret_alloc(64);
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    char line[512];
    bool inside = false, checked = false;
    while (fgets(line, sizeof line, f) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) inside = want >= from && want < to;
        if (!inside || strncmp(line, "VmFlags:", 8) != 0) continue;
        assert_non_null(strstr(line, " dd"));
        assert_non_null(strstr(line, " dc"));
        assert_non_null(strstr(line, " lo")); /* locked */
        checked = true;
    }
    fclose(f);
    assert_true(checked);
}

static void note_stack(void *where)
{
    uint8_t local = 1;
    *(bool *)where = lk_secret_holds(&local);
}

static void *run_on_secret_stack(void *where)
{
    assert_int_equal(lk_secret_run(note_stack, where, 65536), LK_OK);
    return NULL;
}

static void secret_stack_serves_a_thread_that_can_be_joined(void **state)
{
    (void)state;
    pthread_t thread;
    bool inside = false;
    assert_int_equal(pthread_create(&thread, NULL, run_on_secret_stack, &inside), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(inside, real());
}

int main(void)
{
    if (lk_secret_open() != LK_OK || !lk_secret_take_libcrypto()) {
        fprintf(stderr, "no secret memory\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_memory_is_zeroed_aligned_and_in_the_range),
        cmocka_unit_test(secret_memory_is_wiped_when_freed),
        cmocka_unit_test(secret_memory_holds_all_of_libcrypto),
        cmocka_unit_test(secret_memory_does_not_follow_a_fork),
        cmocka_unit_test(secret_memory_is_left_out_of_dumps),
        cmocka_unit_test(secret_stack_serves_a_thread_that_can_be_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
