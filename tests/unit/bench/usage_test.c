/* The server's CPU time: read from a metrics page and from /proc, subtracted part by part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/lurk-bench/usage.h"

static void usage_reads_a_metrics_page(void **state)
{
    static const char page[] = "# TYPE lurk_process_cpu_seconds_total counter\n"
                               "lurk_process_cpu_seconds_total{process=\"front\"} 1.5\n"
                               "lurk_process_cpu_seconds_total{process=\"vault\"} 20.25\n"
                               "lurk_process_cpu_seconds_total_of_others{process=\"x\"} 7\n"
                               "lurk_process_cpu_seconds_total\n"
                               "lurk_process_cpu_seconds_total{process=\"torn";
    struct lk_bench_usage usage = {0};
    (void)state;
    assert_int_equal(lk_bench_usage_parse(page, &usage), 2);
    assert_true(usage.known && usage.cpu_s == 21.75);
    assert_string_equal(usage.part[1].name, "vault");
    assert_true(usage.part[1].cpu_s == 20.25);
}

static void usage_survives_pages_that_are_none(void **state)
{
    static const char *const pages[] = {"", "\n\n", "lurk_process_cpu_seconds_total{",
                                        "HTTP/1.0 404\r\n\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct lk_bench_usage usage = {0};
        assert_int_equal(lk_bench_usage_parse(pages[i], &usage), 0);
        assert_false(usage.known);
    }
}

static void usage_subtracts_part_by_part(void **state)
{
    struct lk_bench_usage before = {0}, after = {0};
    (void)state;
    lk_bench_usage_parse("lurk_process_cpu_seconds_total{process=\"front\"} 1.5\n", &before);
    lk_bench_usage_parse("lurk_process_cpu_seconds_total{process=\"vault\"} 4\n"
                         "lurk_process_cpu_seconds_total{process=\"front\"} 3.5\n",
                         &after);
    lk_bench_usage_subtract(&after, &before);
    assert_true(after.known && after.cpu_s == 6);
    assert_true(after.part[0].cpu_s == 4 && after.part[1].cpu_s == 2);
}

/* A child's time counts with its parent's: this process names itself and finds both. */
static void usage_counts_descendants(void **state)
{
    struct lk_bench_options options = {.pids = {getpid()}, .pid_count = 1};
    struct lk_bench_usage usage;
    int hold[2];
    (void)state;
    assert_int_equal(pipe(hold), 0);
    pid_t child = fork();
    if (child == 0) {
        char end;
        close(hold[1]);
        _exit(read(hold[0], &end, 1) == 0 ? 0 : 1);
    }
    lk_bench_usage_read(&options, &usage);
    close(hold[1]);
    waitpid(child, NULL, 0);
    close(hold[0]);
    assert_true(usage.known);
    assert_int_equal(usage.part_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_reads_a_metrics_page),
        cmocka_unit_test(usage_survives_pages_that_are_none),
        cmocka_unit_test(usage_subtracts_part_by_part),
        cmocka_unit_test(usage_counts_descendants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
