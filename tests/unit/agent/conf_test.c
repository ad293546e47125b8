/* The agent's configuration: what is taken, and what is said of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/lurk-agent/conf.h"

#define CHANNEL "channel: {certificate: /e.pem, key: /e.key, ca: /ca.pem}\n"
#define SOCKETS "sockets: [{path: /run/a.sock}]\n"
#define SERVERS "servers: [{name: one, host: 127.0.0.1, port: 1, server_name: k.example}]\n"
#define LEAST CHANNEL SOCKETS SERVERS

static char error[4096];

static struct lk_agent_conf *parse(const char *text)
{
    struct lk_agent_conf *conf = NULL;
    lk_err err = lk_agent_conf_parse("f", lk_bytes_of(text, strlen(text)), &conf, error,
                                     sizeof error);
    assert_true((err == LK_OK) == (conf != NULL));
    return conf;
}

static void conf_defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    struct lk_agent_conf *conf = parse(LEAST);
    assert_non_null(conf);
    assert_int_equal(conf->try_ms, 800);
    assert_int_equal(conf->total_ms, 1800);
    assert_int_equal(conf->back_off_min_ms, 50);
    assert_int_equal(conf->back_off_max_ms, 2000);
    assert_int_equal(conf->sockets[0].mode, 0666);
    assert_int_equal(conf->servers[0].transport, LK_AGENT_TLS);
    assert_int_equal(conf->servers[0].weight, 1);
    assert_int_equal(conf->allow_count, 0);
    lk_agent_conf_free(conf);
}

static void conf_faults_name_line_and_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {CHANNEL SOCKETS, "f:1: servers: there is none, and no srv either; allowed: one at least"},
        {CHANNEL SERVERS, "f:1: sockets: 0 rows; allowed: 1 to 16"},
        {LEAST "requests: {try: 2 s}\n",
         "f:1: requests.try: 2000 ms is longer than requests.total"},
        {LEAST "requests:\n  tri: 2 s\n", "f:5: requests.tri: no such option, did you mean 'try'?"},
        {LEAST "requests:\n  try: 2\n", "f:5: requests.try: '2' lacks a unit (us, ms, s, min, h); "
                                        "allowed: 10 ms to 10 s"},
        {LEAST "requests: {back_off: 5 s}\n", "requests.back_off: 5000 ms is longer"},
        {LEAST "allow:\n  - user: a\n    group: b\n", "f:5: allow: a row names a user and a group"},
        {LEAST "allow: [{}]\n", "f:4: allow: a row names a user and a group, or neither"},
        {CHANNEL SERVERS "sockets: [{path: relative}]\n",
         "f:3: sockets.path: 'relative' is no name of a Unix socket; allowed: /path or @abstract "
         "of "
         "at most 107 bytes"},
        {CHANNEL SERVERS "sockets: [{path: \"@a\", group: www}]\n", "'@a' is no file"},
        {CHANNEL SERVERS "sockets: [{path: /a, mode: 0888}]\n",
         "sockets.mode: '0888' is no octal number; allowed: octal, 0000 to 0777"},
        {CHANNEL SERVERS "sockets:\n  - {path: /a}\n  - {path: /a}\n", "f:5: sockets.path: '/a' is "
                                                                       "that of line 4"},
        {CHANNEL SERVERS "sockets: [{path: /run/lurk-agent/control.sock}]\n",
         "is agent.control_socket too"},
        {CHANNEL SOCKETS "servers: [{name: one, host: \"a b\", port: 1, server_name: k}]\n",
         "'a b' is neither a numeric address nor a DNS name"},
        {CHANNEL SOCKETS "servers: [{name: one, host: a, port: 1}]\n",
         "servers.server_name: is missing; allowed: a numeric address or a DNS name"},
        {CHANNEL SOCKETS "servers:\n  - {name: one, host: a, port: 1, server_name: k}\n"
                         "  - {name: two, host: a, port: 1, server_name: l}\n",
         "f:5: servers.host: host, port and transport are those of line 4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(parse(rows[i].text));
        if (strstr(error, rows[i].says) == NULL) fail_msg("row %zu says: %s", i, error);
    }
}

static void conf_prints_what_it_reads(void **state)
{
    (void)state;
    struct lk_agent_conf *conf = parse(
        CHANNEL "sockets: [{path: \"@edge\", mode: 0600}]\n"
                "allow: [{user: www-data}, {group: 33}]\n"
                "srv: [{name: s, service: _lurk._tcp.example.net, server_name: k.example}]\n");
    assert_non_null(conf);
    char *first = NULL, *second = NULL;
    size_t len;
    FILE *to = open_memstream(&first, &len);
    lk_agent_conf_print(conf, to);
    fclose(to);
    struct lk_agent_conf *again = parse(first);
    assert_non_null(again);
    to = open_memstream(&second, &len);
    lk_agent_conf_print(again, to);
    fclose(to);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "mode: \"0600\""));
    lk_agent_conf_free(conf);
    lk_agent_conf_free(again);
    free(first);
    free(second);
}

static void conf_reload_names_what_needs_a_restart(void **state)
{
    (void)state;
    char text[256];
    struct lk_agent_conf *a = parse(LEAST);
    struct lk_agent_conf *b = parse(CHANNEL SOCKETS
                                    "servers: [{name: two, host: h, port: 2, "
                                    "server_name: k}]\nallow: [{user: x}]\nrequests: {try: 1 s}\n");
    struct lk_agent_conf *c = parse(CHANNEL SERVERS
                                    "sockets: [{path: /other}]\nlimits: {in_flight: 16}\n");
    assert_true(lk_agent_conf_reloadable(a, b, text, sizeof text));
    assert_false(lk_agent_conf_reloadable(a, c, text, sizeof text));
    assert_string_equal(text, "limits.in_flight, sockets");
    lk_agent_conf_free(a);
    lk_agent_conf_free(b);
    lk_agent_conf_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_defaults_are_those_of_the_contract),
        cmocka_unit_test(conf_faults_name_line_and_what_is_allowed),
        cmocka_unit_test(conf_prints_what_it_reads),
        cmocka_unit_test(conf_reload_names_what_needs_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
