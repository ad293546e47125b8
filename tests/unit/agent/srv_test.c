/* SRV records of DNS answers, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tools/lurk-agent/srv.h"

#define HEAD(answers)                                                                              \
    "\x12\x34\x81\x80\0\1\0" answers "\0\0\0\0"                                                    \
    "\5_lurk\4_tcp\7example\3net\0\0\x21\0\1"
/* name, type SRV, class IN, TTL, length, priority, weight, port, target */
#define RECORD(ttl, length, rest) "\xc0\x0c\0\x21\0\1\0\0" ttl "\0" length rest

static struct lk_srv record[LK_AGENT_SERVERS_MAX];
static uint32_t count, ttl_s;

#define PARSE(text) lk_srv_parse(lk_bytes_of(text, sizeof(text) - 1), record, &count, &ttl_s)

static void srv_reads_records_and_the_shortest_time(void **state)
{
    (void)state;
    assert_true(PARSE(HEAD("\2") RECORD("\1\x2c", "\x09", "\0\x0a\0\5\x1e\xc8\1a\0")
                          RECORD("\0\x3c", "\x0a", "\0\0\0\1\x1e\xc9\1b\xc0\x17")));
    assert_int_equal(count, 2);
    assert_int_equal(ttl_s, 60);
    assert_string_equal(record[0].target, "a");
    assert_int_equal(record[0].priority, 10);
    assert_int_equal(record[0].weight, 5);
    assert_int_equal(record[0].port, 7880);
    assert_string_equal(record[1].target, "b.example.net");
    assert_int_equal(record[1].port, 7881);
}

static void srv_passes_over_what_is_no_service(void **state)
{
    (void)state;
    assert_true(PARSE(HEAD("\1") RECORD("\0\x3c", "\7", "\0\0\0\0\x1e\xc8\0"))); /* "." */
    assert_int_equal(count, 0);
    assert_true(PARSE(HEAD("\1") RECORD("\0\x3c", "\x09", "\0\0\0\0\0\0\1a\0"))); /* port 0 */
    assert_int_equal(count, 0);
    assert_true(PARSE(HEAD("\1") RECORD("\0\x3c", "\x09", "\0\0\0\0\x1e\xc8\1/\0"))); /* no host */
    assert_int_equal(count, 0);
    assert_true(PARSE(HEAD("\1") "\xc0\x0c\0\5\0\1\0\0\0\x1e\0\3\1x\0")); /* CNAME */
    assert_int_equal(count, 0);
    assert_int_equal(ttl_s, 30);
}

static void srv_refuses_loops_and_ends_that_are_missing(void **state)
{
    (void)state;
    static const char text[] = HEAD("\1") RECORD("\0\x3c", "\x09", "\0\0\0\0\x1e\xc8\1a\0");
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_false(lk_srv_parse(lk_bytes_of(text, len), record, &count, &ttl_s));
    /* A pointer to itself: at 12 + 23 + 4 + 12 + 6. */
    assert_true(PARSE(HEAD("\1") RECORD("\0\x3c", "\x08", "\0\0\0\0\x1e\xc8\xc0\x3a")));
    assert_int_equal(count, 0);
    assert_true(PARSE(HEAD("\1") RECORD("\0\x3c", "\x08", "\0\0\0\0\x1e\xc8\xff\xff")));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srv_reads_records_and_the_shortest_time),
        cmocka_unit_test(srv_passes_over_what_is_no_service),
        cmocka_unit_test(srv_refuses_loops_and_ends_that_are_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
