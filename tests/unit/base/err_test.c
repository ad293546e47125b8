#include "core/base/err.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/clock.h"

static void err_names_ours_and_the_systems(void **state)
{
    (void)state;
    assert_string_equal(lk_err_name(LK_OK), "LK_OK");
    assert_string_equal(lk_err_name(LK_ERR_FULL), "LK_ERR_FULL");
    assert_string_equal(lk_err_name(LK_ERR_COLLISION), "LK_ERR_COLLISION");
    assert_string_equal(lk_err_name(-ENOENT), "ENOENT");
    assert_string_equal(lk_err_text(-ENOENT), strerror(ENOENT));
}

static void err_every_code_of_ours_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (lk_err err = LK_ERR_COLLISION; err < LK_ERR_BASE; err++) {
        assert_int_equal(strncmp(lk_err_name(err), "LK_ERR_", 7), 0);
        assert_true(strlen(lk_err_text(err)) > 0);
        assert_string_not_equal(lk_err_text(err), "unknown error");
    }
}

static void err_of_no_table_is_unknown_and_never_null(void **state)
{
    (void)state;
    static const lk_err none[] = {1, INT_MAX, INT_MIN, LK_ERR_BASE, LK_ERR_COLLISION - 1, -9999};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_string_equal(lk_err_name(none[i]), "unknown");
        assert_string_equal(lk_err_text(none[i]), "unknown error");
    }
}

static lk_err tried(lk_err err)
{
    LK_TRY(err);
    return 77;
}

static lk_err required(int value)
{
    LK_REQUIRE(value == 3, LK_ERR_RANGE);
    return LK_OK;
}

static void err_macros_return_early(void **state)
{
    (void)state;
    assert_int_equal(tried(LK_ERR_KEY), LK_ERR_KEY);
    assert_int_equal(tried(-EIO), -EIO);
    assert_int_equal(tried(LK_OK), 77);
    assert_int_equal(required(3), LK_OK);
    assert_int_equal(required(4), LK_ERR_RANGE);
}

static void err_assert_stops_the_process_and_says_where(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        LK_ASSERT(1 + 1 == 2);
        LK_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    char said[512] = "";
    assert_true(read(ends[0], said, sizeof said - 1) > 0);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, "1 + 1 == 3"));
    assert_non_null(strstr(said, "err_test.c:"));
}

static void clock_goes_on_and_knows_the_century(void **state)
{
    (void)state;
    uint64_t before = lk_clock_now_ns(), after = lk_clock_now_ns();
    assert_true(after >= before && before > 0);
    assert_true(lk_clock_unix_s() > INT64_C(1700000000));
    assert_true(lk_clock_unix_s() < INT64_C(4000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_names_ours_and_the_systems),
        cmocka_unit_test(err_every_code_of_ours_has_a_name_and_a_text),
        cmocka_unit_test(err_of_no_table_is_unknown_and_never_null),
        cmocka_unit_test(err_macros_return_early),
        cmocka_unit_test(err_assert_stops_the_process_and_says_where),
        cmocka_unit_test(clock_goes_on_and_knows_the_century),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
