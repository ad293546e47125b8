/* The command line: good values arrive, bad ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tools/lurk-bench/options.h"
#include "tools/lurk-bench/transport.h"

static struct lk_bench_options options;

static int parse(const char *line)
{
    char text[1024], *argv[64];
    int argc = 0;
    strncpy(text, line, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    argv[argc++] = "lurk-bench";
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return lk_bench_options_parse(argc, argv, &options);
}

static void options_have_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse("-t tcp 127.0.0.1:7"), 0);
    assert_string_equal(options.host, "127.0.0.1");
    assert_string_equal(options.port, "7");
    assert_int_equal(options.connections, 8);
    assert_int_equal(options.in_flight, 16);
    assert_int_equal(options.weight[LK_BENCH_PING], 1);
    assert_int_equal(options.verify_ppm, 10000);
}

static void options_take_every_form(void **state)
{
    (void)state;
    assert_int_equal(
        parse("--transport dtls --ca a --cert b --key c --mix ecdhe=3,tls12.rsa_master=1 "
              "--cpus 1,3-5 --verify 12.5% --key-spread zipf:0.9 --hostile malformed=1000 "
              "--group x25519 --proof sha256_256 --scheme 0804 --duration 500ms "
              "--warmup 0 --deadline 1s --rate 2e3 --connect [::1]:4433"),
        0);
    assert_int_equal(options.transport, LK_BENCH_DTLS);
    assert_int_equal(options.weight[LK_BENCH_ECDHE], 3);
    assert_int_equal(options.weight[LK_BENCH_RSA_MASTER], 1);
    assert_int_equal(options.weight[LK_BENCH_PING], 0);
    assert_int_equal(options.cpu_count, 4);
    assert_int_equal(options.cpus[3], 5);
    assert_int_equal(options.verify_ppm, 125000);
    assert_true(options.zipf == 0.9 && options.hostile_rate == 1000 && options.rate == 2000);
    assert_int_equal(options.group, LK_GROUP_X25519);
    assert_int_equal(options.proof, 2);
    assert_int_equal(options.scheme, 0x0804);
    assert_true(options.duration_s == 0.5 && options.warmup_s == 0 && options.deadline_s == 1);
    assert_string_equal(options.host, "::1");
}

static void options_refuse_what_is_wrong(void **state)
{
    static const char *const lines[] = {
        "",
        "-t tcp",
        "-t tcp a:1 b:2",
        "-t tcp host",
        "-t tcp host:0",
        "-t tcp host:65536",
        "-t tcp :1",
        "-t smtp a:1",
        "a:1",
        "-t tls --ca x a:1",
        "-t tcp -c -1 a:1",
        "-t tcp -c 1.5 a:1",
        "-t tcp -c 100001 a:1",
        "-t tcp -c 0 a:1",
        "-t tcp -m 0 a:1",
        "-t tcp -m 1025 a:1",
        "-t tcp -m x a:1",
        "-t tcp --mix nothing a:1",
        "-t tcp --mix malformed a:1",
        "-t tcp --mix ping=0 a:1",
        "-t tcp --mix ping=x a:1",
        "-t tcp --cpus 1-x a:1",
        "-t tcp --cpus 4096 a:1",
        "-t tcp --verify 101% a:1",
        "-t tcp --verify 5 a:1",
        "-t tcp --verify nan% a:1",
        "-t tcp --hostile malformed=0 a:1",
        "-t tcp --hostile rude=5 a:1",
        "-t tcp --key-spread zipf:-1 a:1",
        "-t tcp --group p256 a:1",
        "-t tcp --duration 5h a:1",
        "-t tcp --duration 0 a:1",
        "-t tcp --rate nan a:1",
        "-t tcp --server-pids 0 a:1",
        "-t tcp --unheard-of a:1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (parse(lines[i]) != 2) fail_msg("taken: '%s'", lines[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_defaults),
        cmocka_unit_test(options_take_every_form),
        cmocka_unit_test(options_refuse_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
