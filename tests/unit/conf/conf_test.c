#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/log.h"
#include "core/conf/conf.h"
#include "core/conf/schema.h"

/* The least configuration there can be. */
#define LEAST                                                                                     \
    "channel: {certificate: /c/cert.pem, key: /c/key.pem, ca: /c/ca.pem}\n"                       \
    "listen:\n- {address: 127.0.0.1, port: 7000, transport: tls}\n"

static char error[8192];

static struct lk_conf *parse(const char *text)
{
    struct lk_conf *conf = NULL;
    lk_err err =
        lk_conf_parse("f.yaml", lk_bytes_of(text, strlen(text)), &conf, error, sizeof error);
    if (err != LK_OK) print_message("%s\n", error);
    assert_int_equal(err, LK_OK);
    assert_string_equal(error, "");
    return conf;
}

static void refuse(const char *text, const char *expected)
{
    struct lk_conf *conf = NULL;
    lk_err err =
        lk_conf_parse("f.yaml", lk_bytes_of(text, strlen(text)), &conf, error, sizeof error);
    if (err == LK_OK) print_message("taken: %s\n", text);
    assert_int_equal(err, LK_ERR_FORMAT);
    assert_string_equal(error, expected);
}

static void conf_least_text_gives_the_defaults(void **state)
{
    (void)state;
    struct lk_conf *conf = parse(LEAST);
    assert_string_equal(conf->channel_certificate, "/c/cert.pem");
    assert_string_equal(conf->channel_crl, "");
    assert_string_equal(conf->state_dir, "/var/lib/lurk");
    assert_string_equal(conf->user, "");
    assert_int_equal(conf->log_level, LK_LOG_INFO);
    assert_int_equal(conf->admin_port, 0);
    assert_int_equal(conf->loop_count, 0);
    assert_int_equal(conf->message_bytes_max, 65535);
    assert_int_equal(conf->in_flight_per_peer, 1024);
    assert_int_equal(conf->handshake_ms, 10000);
    assert_int_equal(conf->idle_s, 3600);
    assert_int_equal(conf->queue_deadline_ms, 500);
    assert_int_equal(conf->window_s, 60);
    assert_int_equal(conf->window_ecdhe_s, 10);
    assert_true(conf->novelty);
    assert_int_equal(conf->batch_wait_us, 0);
    assert_false(conf->check_ecdsa);
    assert_int_equal(conf->listen_count, 1);
    assert_int_equal(conf->listens[0].port, 7000);
    assert_int_equal(conf->listens[0].transport, LK_TRANSPORT_TLS);
    assert_int_equal(conf->listens[0].line, 3);
    assert_int_equal(conf->key_count, 0);
    lk_conf_free(conf);
}

#define WHOLE                                                                                     \
    LEAST                                                                                         \
    "rules:\n"                                                                                    \
    "- name: r\n  tenant: b\n  edges: [e2, e1]\n  keys: all\n  exchanges: [tls12.ecdhe]\n"        \
    "  hashes: [sha384]\n  require_poo: false\n"                                                  \
    "keys:\n"                                                                                     \
    "- {name: k0, tenant: a, file: /k/0, uses: [tls12-rsa], chain: /k/0.crt}\n"                   \
    "- {name: k1, tenant: b, file: /k/1, uses: [tls12-sign, tls13-sign]}\n"                       \
    "edges:\n"                                                                                    \
    "- {name: e0, tenant: a, match: 'dns:*.a.example'}\n"                                         \
    "- {name: e1, tenant: b, match: 'uri:lurk:b:1'}\n"                                            \
    "- {name: e2, tenant: b, match: 'uri:lurk:b:*'}\n"                                            \
    "tenants: [{name: a}, {name: b}]\n"

static void conf_lists_refer_to_each_other_in_any_order(void **state)
{
    (void)state;
    struct lk_conf *conf = parse(WHOLE);
    assert_int_equal(conf->tenant_count, 2);
    assert_int_equal(conf->key_count, 2);
    assert_string_equal(conf->keys[0].file, "/k/0");
    assert_string_equal(conf->keys[0].chain, "/k/0.crt");
    assert_int_equal(conf->keys[0].uses, LK_USE_TLS12_RSA);
    assert_int_equal(conf->keys[0].flags, 0);
    assert_int_equal(conf->edges[0].flags, 0);
    assert_int_equal(conf->keys[1].tenant, 1);
    assert_int_equal(conf->keys[1].uses, LK_USE_TLS12_SIGN | LK_USE_TLS13_SIGN);
    assert_string_equal(conf->edges[2].match, "uri:lurk:b:*");
    const struct lk_conf_rule *rule = &conf->rules[0];
    assert_int_equal(rule->tenant, 1);
    assert_int_equal(rule->edge_count, 2);
    assert_int_equal(rule->edges[0], 1);
    assert_int_equal(rule->edges[1], 2);
    assert_null(rule->keys);
    assert_int_equal(rule->exchanges, LK_EXCHANGE_BIT(LK_X_TLS12_ECDHE));
    assert_int_equal(rule->hashes, 1 << LK_SHA384);
    assert_false(rule->require_poo);
    assert_int_equal(rule->methods, 3);
    assert_int_equal(rule->secrets, 0xf); /* all but the exporter's */
    lk_conf_free(conf);
}

static void conf_lists_of_words_have_none_some_or_all(void **state)
{
    (void)state;
    static const struct {
        const char *flags, *shares, *secrets;
        uint32_t flag_mask, method_mask, secret_mask;
    } rows[] = {
        {"[]", "all", "[]", 0, 3, 0},
        {"[unfresh]", "[cs_generated]", "[x]", LK_FLAG_UNFRESH, 2, 0x10},
        {"[premaster, unproved]", "[e_generated, cs_generated]", "all",
         LK_FLAG_PREMASTER | LK_FLAG_UNPROVED, 3, 0x1f},
        {"all", "[e_generated]", "[h_s, h_c]", 7, 1, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       "channel: {certificate: /c, key: /k, ca: /a}\n"
                       "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"
                       "tenants: [{name: a}]\n"
                       "keys: [{name: k, tenant: a, file: /k, uses: [tls13-sign], flags: %s}]\n"
                       "edges: [{name: e, tenant: a, match: 'uri:e', flags: %s}]\n"
                       "rules: [{name: r, tenant: a, edges: all, keys: all, exchanges: all,\n"
                       "         key_shares: %s, secrets: %s}]\n",
                       rows[i].flags, rows[i].flags, rows[i].shares, rows[i].secrets);
        struct lk_conf *conf = parse(text);
        assert_int_equal(conf->keys[0].flags, rows[i].flag_mask);
        assert_int_equal(conf->edges[0].flags, rows[i].flag_mask);
        assert_int_equal(conf->rules[0].methods, rows[i].method_mask);
        assert_int_equal(conf->rules[0].secrets, rows[i].secret_mask);
        lk_conf_free(conf);
    }
}

/* Configurations that say `flags: all` are older than this flag: it opens what they did not mean. */
static void conf_request_is_no_part_of_all_flags(void **state)
{
    (void)state;
    static const struct {
        const char *flags;
        uint32_t mask;
    } rows[] = {{"all", LK_FLAG_PREMASTER | LK_FLAG_UNFRESH | LK_FLAG_UNPROVED},
                {"[request]", LK_FLAG_REQUEST},
                {"[unproved, request, premaster, unfresh]", 15}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024], printed[8192] = "";
        (void)snprintf(text, sizeof text,
                       LEAST "tenants: [{name: a}]\n"
                             "keys: [{name: k, tenant: a, file: /k, chain: /c, uses: [tls13-sign], flags: %s}]\n"
                             "edges: [{name: e, tenant: a, match: 'uri:e', flags: %s}]\n",
                       rows[i].flags, rows[i].flags);
        struct lk_conf *conf = parse(text);
        assert_int_equal(conf->keys[0].flags, rows[i].mask);
        assert_int_equal(conf->edges[0].flags, rows[i].mask);
        FILE *to = fmemopen(printed, sizeof printed, "w");
        lk_conf_print(conf, to);
        fclose(to);
        lk_conf_free(conf);
        conf = parse(printed); /* what is shown of it means the same */
        assert_int_equal(conf->keys[0].flags, rows[i].mask);
        lk_conf_free(conf);
    }
}

/* --- ranges --------------------------------------------------------------------------------- */

/* Of each option the least and the greatest value it takes, and those just outside. */
static const struct {
    const char *section, *option;
    const char *least, *greatest;
    const char *below, *above; /* NULL: none can be written */
} ranges[] = {
    {"server", "admin_port", "0", "65535", NULL, "65536"},
    {"cpu", "reserve", "0", "1024", NULL, "1025"},
    {"limits", "message_size", "1 KiB", "65535 B", "1023 B", "64 KiB"},
    {"limits", "in_flight_per_peer", "1", "1024", "0", "1025"},
    {"limits", "output_per_peer", "16 KiB", "256 KiB", "16383 B", "262145 B"},
    {"limits", "conns_per_loop", "1", "16384", "0", "16385"},
    {"limits", "handshake", "100 ms", "10 s", "99 ms", "10001 ms"},
    {"limits", "idle", "1 s", "1 h", "0 s", "3601 s"},
    {"limits", "queue_deadline", "10 ms", "500 ms", "9 ms", "501 ms"},
    {"limits", "drain", "0 ms", "1 min", NULL, "61 s"},
    {"limits", "slots_small_per_loop", "64", "4096", "63", "4097"},
    {"limits", "slots_large_per_loop", "1", "64", "0", "65"},
    {"limits", "dtls_mtu", "576 B", "9000 B", "575 B", "9001 B"},
    {"requests", "window", "0 s", "10 min", NULL, "601 s"},
    {"requests", "window_ecdhe", "0 s", "10 min", NULL, "601 s"},
    {"requests", "novelty_entries", "1024", "268435456", "1023", "268435457"},
    {"requests", "batch_wait", "0 us", "10 ms", NULL, "10001 us"},
    {"requests", "premaster_rate", "1", "1000000", "0", "1000001"},
    {"requests", "cert_request_rate", "1", "1000", "0", "1001"},
    {"requests", "dhe_bits_max", "2048", "8192", "2047", "8193"},
};

static bool takes(const char *section, const char *option, const char *value)
{
    char text[512];
    struct lk_conf *conf = NULL;
    int len = snprintf(text, sizeof text, LEAST "%s:\n  %s: %s\n", section, option, value);
    lk_err err =
        lk_conf_parse("f.yaml", lk_bytes_of(text, (size_t)len), &conf, error, sizeof error);
    if (err == LK_OK) lk_conf_free(conf);
    return err == LK_OK;
}

static void conf_options_keep_to_their_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "f.yaml:5: %s.%s: '", ranges[i].section,
                       ranges[i].option);
        assert_true(takes(ranges[i].section, ranges[i].option, ranges[i].least));
        assert_true(takes(ranges[i].section, ranges[i].option, ranges[i].greatest));
        assert_false(takes(ranges[i].section, ranges[i].option, ranges[i].above));
        assert_memory_equal(error, name, strlen(name));
        assert_non_null(strstr(error, "is too large; allowed: "));
        if (ranges[i].below == NULL) continue;
        assert_false(takes(ranges[i].section, ranges[i].option, ranges[i].below));
        assert_non_null(strstr(error, "is too small; allowed: "));
    }
}

static void conf_every_number_has_its_range_tested(void **state)
{
    (void)state;
    size_t numbers = 0;
    const struct lk_conf_option *option = lk_schema_lurkd.option;
    for (uint32_t i = 0; i < lk_schema_lurkd.option_count; i++)
        if (option[i].type == LK_VALUE_COUNT || option[i].type == LK_VALUE_BYTES ||
            option[i].type == LK_VALUE_TIME)
            numbers++;
    assert_int_equal(numbers, sizeof ranges / sizeof ranges[0]);
}

static void conf_units_are_converted(void **state)
{
    (void)state;
    struct lk_conf *conf =
        parse(LEAST "limits: {handshake: 2 s, idle: 2min, drain: 0 s, message_size: 4 KiB,\n"
                    "  output_per_peer: 65536B}\n"
                    "requests: {window: 30 s, batch_wait: 3 ms}\n");
    assert_int_equal(conf->handshake_ms, 2000);
    assert_int_equal(conf->idle_s, 120);
    assert_int_equal(conf->drain_ms, 0);
    assert_int_equal(conf->message_bytes_max, 4096);
    assert_int_equal(conf->output_bytes_per_peer, 65536);
    assert_int_equal(conf->window_s, 30);
    assert_int_equal(conf->batch_wait_us, 3000);
    lk_conf_free(conf);
}

static void conf_cpu_lists_are_read(void **state)
{
    (void)state;
    struct lk_conf *conf = parse(LEAST "cpu: {loops: \"0-3,8\", workers: 5}\n");
    assert_int_equal(conf->loop_count, 5);
    static const uint16_t loops[] = {0, 1, 2, 3, 8};
    assert_memory_equal(conf->loop_cpu, loops, sizeof loops);
    assert_int_equal(conf->worker_count, 1);
    assert_int_equal(conf->worker_cpu[0], 5);
    lk_conf_free(conf);
}

/* --- errors --------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *error;
} errors[] = {
    {"",
     "f.yaml:1: no configuration here; allowed: sections server, channel, cpu, limits, requests, "
     "listen, tenants, keys, edges, rules"},
    {LEAST "limits:\n  idle: 0 s\n",
     "f.yaml:5: limits.idle: '0 s' is too small; allowed: 1 s to 1 h"},
    {LEAST "limits:\n  idle: 10\n",
     "f.yaml:5: limits.idle: '10' lacks a unit (us, ms, s, min, h); allowed: 1 s to 1 h"},
    {LEAST "limits:\n  idle: 10 sec\n",
     "f.yaml:5: limits.idle: '10 sec' has no known unit (us, ms, s, min, h); allowed: 1 s to 1 h"},
    {LEAST "limits:\n  idle: 1500 ms\n",
     "f.yaml:5: limits.idle: '1500 ms' is finer than this option can keep; allowed: 1 s to 1 h"},
    {LEAST "limits:\n  idle: -1 s\n",
     "f.yaml:5: limits.idle: '-1 s' is not a whole number with a unit; allowed: 1 s to 1 h"},
    {LEAST "limits:\n  idle: 99999999999999999999 h\n",
     "f.yaml:5: limits.idle: '99999999999999999999 h' is not a whole number with a unit; allowed: "
     "1 s to 1 h"},
    {LEAST "limits:\n  message_size: 4 KB\n", "f.yaml:5: limits.message_size: '4 KB' has no known "
                                              "unit (B, KiB, MiB, GiB); allowed: 1 KiB to 65535 B"},
    {LEAST "limits:\n  conns_per_loop: 0x10\n",
     "f.yaml:5: limits.conns_per_loop: '0x10' is not a whole number; allowed: 1 to 16384"},
    {LEAST "limits:\n  conns_per_loop: 010\n",
     "f.yaml:5: limits.conns_per_loop: '010' is not a whole number; allowed: 1 to 16384"},
    {LEAST "limits:\n  conns_per_loop: [1]\n",
     "f.yaml:5: limits.conns_per_loop: is a list, not a value; allowed: 1 to 16384"},
    {LEAST "limits: {idel: 1 s}\n",
     "f.yaml:4: limits.idel: no such option, did you mean 'idle'?; allowed: see lurkd.conf(5)"},
    {LEAST "limits: {colour: red}\n",
     "f.yaml:4: limits.colour: no such option; allowed: see lurkd.conf(5)"},
    {LEAST "limit: {idle: 1 s}\n",
     "f.yaml:4: limit: no such section; allowed: server, channel, cpu, limits, "
     "requests, listen, tenants, keys, edges, rules"},
    {LEAST "limits: [1]\n", "f.yaml:4: limits: is no map; allowed: options below it"},
    {LEAST "requests: {novelty: yes}\n",
     "f.yaml:4: requests.novelty: 'yes' is not true or false; allowed: true, false"},
    {LEAST "server: {log_level: wraning}\n", "f.yaml:4: server.log_level: 'wraning' is not known, "
                                             "did you mean 'warning'?; allowed: error, warning, "
                                             "notice, info, debug"},
    {LEAST "server: {state_dir: var/lib}\n",
     "f.yaml:4: server.state_dir: 'var/lib' is not an absolute path of "
     "a file; allowed: an absolute path of at most 511 bytes"},
    {LEAST "server: {state_dir: \"\"}\n",
     "f.yaml:4: server.state_dir: is empty; allowed: an absolute path of at most 511 bytes"},
    {LEAST "server: {admin_address: 10.0.0.1}\n",
     "f.yaml:4: server.admin_address: '10.0.0.1' is not a loopback "
     "address; allowed: a numeric loopback address"},
    {LEAST "server: {user: a b}\n",
     "f.yaml:4: server.user: 'a b' is not a name; allowed: empty or a name of "
     "letters, digits, '.', '_', '-' of at most 63 bytes"},
    {LEAST "cpu: {loops: 0-}\n", "f.yaml:4: cpu.loops: is not a list of CPUs; allowed: auto or up "
                                 "to 64 CPUs of 0 to 1023 as \"0-3,8\""},
    {LEAST "cpu: {loops: 0-64}\n", "f.yaml:4: cpu.loops: names too many CPUs; allowed: auto or up "
                                   "to 64 CPUs of 0 to 1023 as \"0-3,8\""},
    {LEAST "cpu: {loops: 1024}\n", "f.yaml:4: cpu.loops: names a CPU out of range; allowed: auto "
                                   "or up to 64 CPUs of 0 to 1023 as \"0-3,8\""},
    {LEAST "cpu: {loops: \"1,0-1\"}\n", "f.yaml:4: cpu.loops: names a CPU twice; allowed: auto or "
                                        "up to 64 CPUs of 0 to 1023 as \"0-3,8\""},
    {LEAST "tenants: [{name: a}, {name: a}]\n",
     "f.yaml:4: tenants.name: 'a' is also the name of line 4; allowed: unique names"},
    {LEAST "tenants: {name: a}\n",
     "f.yaml:4: tenants: is no list; allowed: rows that begin with '- '"},
    {LEAST "tenants: [a]\n", "f.yaml:4: tenants: a row that is no map; allowed: - name: ..."},
    {LEAST "tenants: [{name: all}]\n",
     "f.yaml:4: tenants.name: 'all' is not a name; allowed: a name of letters, "
     "digits, '.', '_', '-' of at most 63 bytes"},
    {LEAST "tenants: [{name: a}]\nkeys:\n- {name: k, tenant: b, file: /k, uses: [tls12-rsa]}\n",
     "f.yaml:6: keys.tenant: 'b' is none of the tenants; allowed: a name of tenants"},
    {LEAST "tenants: [{name: a}]\nkeys:\n- {name: k, tenant: a, file: /k}\n",
     "f.yaml:6: keys.uses: is missing; allowed: all or a list of tls12-rsa, tls12-sign, "
     "tls13-sign, tls13-client"},
    {LEAST "tenants: [{name: a}]\nkeys:\n- {name: k, tenant: a, file: /k, uses: []}\n",
     "f.yaml:6: keys.uses: is an empty list; allowed: all or a list of tls12-rsa, tls12-sign, "
     "tls13-sign, tls13-client"},
    {LEAST "tenants: [{name: a}]\nkeys:\n- {name: k, tenant: a, file: /k, uses: [tls12-rsa, "
           "tls12-sign]}\n",
     "f.yaml:6: keys.uses: 'k' would both decrypt and sign; allowed: one of the two, or "
     "force_dual_use: true"},
    {LEAST "tenants: [{name: a}]\nkeys:\n- {name: k, tenant: a, file: /k, uses: [tls12-sign], "
           "flags: [request]}\n",
     "f.yaml:6: keys.flags: 'k' has the flag request and no chain, whose names bound what may be "
     "requested; allowed: request with a chain"},
    {LEAST "tenants: [{name: a}]\nedges:\n- {name: e, tenant: a, match: 'dns:*'}\n",
     "f.yaml:6: edges.match: 'dns:*' is not a pattern of an identity; allowed: uri:TEXT, "
     "uri:TEXT*, dns:NAME or "
     "dns:*.NAME of at most 255 bytes"},
    {LEAST "tenants: [{name: a}]\nedges:\n- {name: e, tenant: a, match: 'uri:a*b'}\n",
     "f.yaml:6: edges.match: 'uri:a*b' is not a pattern of an identity; allowed: uri:TEXT, "
     "uri:TEXT*, dns:NAME "
     "or dns:*.NAME of at most 255 bytes"},
    {LEAST "tenants: [{name: a}]\nedges:\n- {name: e, tenant: a, match: 'uri:x'}\n"
           "- {name: f, tenant: a, match: 'uri:x'}\n",
     "f.yaml:7: edges.match: 'uri:x' is matched by line 6 already; allowed: each pattern once"},
    {LEAST "tenants: [{name: a}, {name: b}]\nedges: [{name: e, tenant: b, match: 'uri:x'}]\n"
           "rules:\n- {name: r, tenant: a, edges: [e], keys: all, exchanges: all}\n",
     "f.yaml:7: rules.edges: 'e' of rule 'r' is another tenant's; allowed: names of tenant 'a'"},
    {LEAST "tenants: [{name: a}]\nrules:\n- {name: r, tenant: a, edges: all, keys: [x], exchanges: "
           "all}\n",
     "f.yaml:6: rules.keys: 'x' is none of the keys; allowed: all or a list of names of keys"},
    {LEAST "tenants: [{name: a}]\nrules:\n- {name: r, tenant: a, edges: all, keys: none, "
           "exchanges: all}\n",
     "f.yaml:6: rules.keys: is neither a list in brackets nor all; allowed: all or a list of names "
     "of keys"},
    {LEAST "tenants: [{name: a}]\nrules:\n- {name: r, tenant: a, edges: all, keys: all, exchanges: "
           "[tls12.ping]}\n",
     "f.yaml:6: rules.exchanges: 'tls12.ping' is not known; allowed: all or a list of "
     "tls12.rsa_master, "
     "tls12.rsa_master_with_poh, tls12.rsa_extended_master, tls12.rsa_extended_master_with_poh, "
     "tls12.ecdhe, tls13.s_init_cert_verify, split.rsa_premaster, split.sign_ske, "
     "split.sign_cert_verify, "
     "split.sign_cert_request"},
    {LEAST "tenants: [{name: a}]\nrules:\n- {name: r, tenant: a, edges: all, keys: all}\n",
     "f.yaml:6: rules.exchanges: is missing; allowed: all or a list of tls12.rsa_master, "
     "tls12.rsa_master_with_poh, tls12.rsa_extended_master, tls12.rsa_extended_master_with_poh, "
     "tls12.ecdhe, tls13.s_init_cert_verify, split.rsa_premaster, split.sign_ske, "
     "split.sign_cert_verify, split.sign_cert_request"},
    {LEAST "- {address: 127.0.0.1, port: 7000, transport: tls}\n",
     "f.yaml:4: listen: address and port are those of line 3; allowed: each once"},
    {LEAST "- {address: localhost, port: 7001, transport: tls}\n",
     "f.yaml:4: listen.address: 'localhost' is not "
     "a numeric address; allowed: a numeric IPv4 or IPv6 address"},
    {LEAST "- {address: 127.0.0.1, port: 0, transport: tls}\n",
     "f.yaml:4: listen.port: '0' is too small; allowed: 1 to 65535"},
    {LEAST "- {address: 127.0.0.1, port: 7001, transport: tls, dual_stack: true}\n",
     "f.yaml:4: listen.dual_stack: '127.0.0.1' has one stack only; allowed: true with the address "
     ":: only"},
    /* the text itself */
    {LEAST "limits: {idle: 1 s, idle: 2 s}\n",
     "f.yaml:4: idle: stands here a second time, first in line 4; allowed: once"},
    {LEAST "listen: []\n",
     "f.yaml:4: listen: stands here a second time, first in line 2; allowed: once"},
    {LEAST "limits: &x {idle: 1 s}\n",
     "f.yaml:4: anchor '&x': anchors are not read; allowed: plain values"},
    {LEAST "limits: !!map {idle: 1 s}\n",
     "f.yaml:4: tag 'tag:yaml.org,2002:map': tags are not read; allowed: plain values"},
    {LEAST "limits: *x\n",
     "f.yaml:4: an alias ('*name') is not read; allowed: the value itself, quoted if it has a '*'"},
    {LEAST "limits: {[a]: b}\n",
     "f.yaml:4: a list or map stands where an option's name is expected; allowed: a name"},
    {LEAST "tenants: [{name: [[[a]]]}]\n",
     "f.yaml:4: lists and maps are nested too deep; allowed: at most 5 levels"},
    {LEAST "server: {user: \"a\\0b\"}\n",
     "f.yaml:4: a value holds a control character; allowed: one line of text"},
    {LEAST "server: {user: \"a\\nb\"}\n",
     "f.yaml:4: a value holds a control character; allowed: one line of text"},
    {LEAST "---\nlimits: {}\n", "f.yaml:4: a second document begins; allowed: one document a file"},
    {LEAST "limits: {idle: 1 s\n",
     "f.yaml:5: column 1: did not find expected ',' or '}'; allowed: YAML"},
    {"a\x01", "f.yaml:1: control characters are not allowed; allowed: UTF-8 text without control "
              "characters"},
};

static void conf_errors_name_file_line_option_and_what_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        refuse(errors[i].text, errors[i].error);
}

static void conf_missing_sections_are_named(void **state)
{
    (void)state;
    refuse("limits: {}\n",
           "f.yaml:1: channel.certificate: is missing; allowed: an absolute path of at most 511 "
           "bytes\nf.yaml:1: channel.key: is missing; allowed: an absolute path of at most 511 "
           "bytes\nf.yaml:1: channel.ca: is missing; allowed: an absolute path of at most 511 "
           "bytes\nf.yaml:1: listen: 0 rows; allowed: 1 to 64");
}

static void conf_reports_twenty_errors_and_counts_the_rest(void **state)
{
    (void)state;
    char text[4096] = LEAST "tenants:\n";
    for (int i = 0; i < 25; i++)
        strcat(text, "- {name: '?'}\n");
    struct lk_conf *conf = NULL;
    assert_int_equal(
        lk_conf_parse("f", lk_bytes_of(text, strlen(text)), &conf, error, sizeof error),
        LK_ERR_FORMAT);
    int lines = 1;
    for (const char *c = error; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 21);
    assert_non_null(strstr(error, "f:5: tenants.name: '?' is not a name; "));
    assert_string_equal(strrchr(error, '\n') + 1, "and 5 more errors");
    char small[200];
    assert_int_equal(
        lk_conf_parse("f", lk_bytes_of(text, strlen(text)), &conf, small, sizeof small),
        LK_ERR_FORMAT);
    assert_true(strlen(small) < sizeof small);
    assert_string_equal(strrchr(small, '\n') + 1, "and 24 more errors");
    assert_int_equal(lk_conf_parse("f", lk_bytes_of(text, strlen(text)), &conf, NULL, 0),
                     LK_ERR_FORMAT);
}

static void conf_long_and_many_things_are_refused(void **state)
{
    (void)state;
    static char text[1 << 20];
    size_t len = (size_t)snprintf(text, sizeof text, LEAST "server: {user: ");
    memset(text + len, 'a', 5000);
    strcpy(text + len + 5000, "}\n");
    refuse(text, "f.yaml:4: a value of 5000 bytes is too long; allowed: at most 4096");
    len = (size_t)snprintf(text, sizeof text, LEAST "server: {user: ");
    memset(text + len, 'a', 64);
    strcpy(text + len + 64, "}\n");
    refuse(text,
           "f.yaml:4: server.user: "
           "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' ... is too "
           "long; allowed: empty or a name of letters, digits, '.', '_', '-' of at most 63 bytes");
    len = (size_t)snprintf(text, sizeof text, LEAST "tenants:\n");
    for (int i = 0; i < LK_TENANTS_MAX + 1; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "- {name: t%d}\n", i);
    refuse(text, "f.yaml:5: tenants: 1025 rows; allowed: 0 to 1024");
    len = (size_t)snprintf(text, sizeof text, LEAST "limits:\n");
    for (int i = 0; i < 70; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "  o%d: 1\n", i);
    refuse(text, "f.yaml:69: too many options in one place; allowed: at most 64");
    char big[] = "x";
    struct lk_conf *conf = NULL;
    assert_int_equal(
        lk_conf_parse("f", lk_bytes_of(big, LK_CONF_BYTES_MAX + 1u), &conf, error, sizeof error),
        LK_ERR_FORMAT);
    assert_string_equal(error,
                        "f:1: a file of 33554433 bytes is too long; allowed: at most 33554432");
}

static void conf_plain_transports_need_a_test_build_and_loopback(void **state)
{
    (void)state;
    const char *loopback = LEAST "- {address: 127.0.0.1, port: 7001, transport: tcp}\n";
    const char *outside = LEAST "- {address: 10.0.0.1, port: 7001, transport: udp}\n";
    if (lk_conf_transport_served(LK_TRANSPORT_TCP)) {
        lk_conf_free(parse(loopback));
        refuse(outside,
               "f.yaml:4: listen.address: '10.0.0.1' is open to others and udp is not protected; "
               "allowed: a loopback address");
    } else {
        refuse(loopback,
               "f.yaml:4: listen.transport: 'tcp' is not in this build; allowed: tls, dtls");
        refuse(outside,
               "f.yaml:4: listen.transport: 'udp' is not in this build; allowed: tls, dtls");
    }
    lk_conf_free(parse(LEAST "- {address: 127.0.0.1, port: 7000, transport: dtls}\n"
                             "- {address: '::', port: 7000, transport: dtls, dual_stack: true}\n"));
}

/* --- the rest ------------------------------------------------------------------------------- */

static char *print(const struct lk_conf *conf)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    lk_conf_print(conf, to);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void conf_printed_text_parses_to_the_same(void **state)
{
    (void)state;
    struct lk_conf *conf = parse(WHOLE "cpu: {loops: \"0-1\", reserve: 1}\n"
                                       "limits: {handshake: 1500 ms, message_size: 5000 B}\n"
                                       "server: {user: lurk, state_dir: '/a\"b\\c'}\n");
    char *first = print(conf);
    struct lk_conf *again = parse(first);
    char *second = print(again);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "  handshake: 1500 ms\n"));
    assert_non_null(strstr(first, "  idle: 1 h\n"));
    assert_non_null(strstr(first, "  loops: \"0,1\"\n"));
    assert_non_null(strstr(
        first, "    edges: [\"e1\", \"e2\"]\n    keys: all\n    exchanges: [tls12.ecdhe]\n"));
    assert_string_equal(again->state_dir, "/a\"b\\c");
    assert_int_equal(again->rules[0].edges[1], 2);
    free(first);
    free(second);
    lk_conf_free(conf);
    lk_conf_free(again);
}

static void conf_reload_names_what_needs_a_restart(void **state)
{
    (void)state;
    char text[256];
    struct lk_conf *running = parse(WHOLE);
    struct lk_conf *next =
        parse(LEAST "limits: {idle: 5 s}\nrequests: {capabilities_certificates: none}\n");
    assert_true(lk_conf_reloadable(running, next, text, sizeof text));
    assert_string_equal(text, "");
    lk_conf_free(next);
    next = parse(
        LEAST
        "- {address: 127.0.0.1, port: 7001, transport: tls}\nserver: {user: x}\ncpu: {loops: 1}\n");
    assert_false(lk_conf_reloadable(running, next, text, sizeof text));
    assert_string_equal(text, "server.user, cpu.loops, listen");
    assert_false(lk_conf_reloadable(running, next, text, 14));
    assert_string_equal(text, "server.user");
    lk_conf_free(next);
    lk_conf_free(running);
}

static void conf_uses_are_judged_against_the_kind_of_key(void **state)
{
    (void)state;
    struct lk_conf_key key = {.uses = LK_USE_TLS12_RSA};
    assert_null(lk_conf_key_uses_fault(&key, LK_KEY_RSA));
    assert_non_null(lk_conf_key_uses_fault(&key, LK_KEY_P256));
    assert_non_null(lk_conf_key_uses_fault(&key, LK_KEY_RSA_PSS));
    key.uses = LK_USE_TLS12_SIGN | LK_USE_TLS13_SIGN;
    for (unsigned kind = 0; kind < LK_KEY_KIND_COUNT; kind++)
        assert_null(lk_conf_key_uses_fault(&key, kind));
    key.uses |= LK_USE_TLS12_RSA;
    assert_non_null(lk_conf_key_uses_fault(&key, LK_KEY_RSA));
    key.force_dual_use = true;
    assert_null(lk_conf_key_uses_fault(&key, LK_KEY_RSA));
    key.uses = 0;
    assert_non_null(lk_conf_key_uses_fault(&key, LK_KEY_RSA));
}

static void conf_ten_thousand_keys_are_read(void **state)
{
    (void)state;
    enum { KEYS = 10000 };
    char *text = malloc(KEYS * 200 + 4096);
    int len = sprintf(text, LEAST "tenants: [{name: t}]\nkeys:\n");
    for (int i = 0; i < KEYS; i++)
        len +=
            sprintf(text + len,
                    "- {name: key-%d, tenant: t, file: /keys/%d.pem, uses: [tls12-sign]}\n", i, i);
    len += sprintf(text + len,
                   "rules:\n- name: r\n  tenant: t\n  edges: all\n  exchanges: all\n  keys:\n");
    for (int i = KEYS - 1; i >= 0; i--)
        len += sprintf(text + len, "  - key-%d\n", i);
    struct lk_conf *conf = parse(text);
    assert_int_equal(conf->key_count, KEYS);
    assert_string_equal(conf->keys[KEYS - 1].file, "/keys/9999.pem");
    assert_int_equal(conf->rules[0].key_count, KEYS);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(conf->rules[0].keys[i], i);
    assert_true(lk_conf_rule_names_key(&conf->rules[0], 5000));
    lk_conf_free(conf);
    free(text);
}

static void conf_example_is_a_good_configuration(void **state)
{
    (void)state;
    static char text[65536];
    FILE *file = fopen("docs/lurkd.conf.example.yaml", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    struct lk_conf *conf = parse(text);
    assert_int_equal(conf->rule_count, 1);
    assert_string_equal(conf->edges[0].match, "uri:lurk:edge:shop:*");
    lk_conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_least_text_gives_the_defaults),
        cmocka_unit_test(conf_lists_refer_to_each_other_in_any_order),
        cmocka_unit_test(conf_options_keep_to_their_ranges),
        cmocka_unit_test(conf_every_number_has_its_range_tested),
        cmocka_unit_test(conf_units_are_converted),
        cmocka_unit_test(conf_lists_of_words_have_none_some_or_all),
        cmocka_unit_test(conf_request_is_no_part_of_all_flags),
        cmocka_unit_test(conf_cpu_lists_are_read),
        cmocka_unit_test(conf_errors_name_file_line_option_and_what_is_allowed),
        cmocka_unit_test(conf_missing_sections_are_named),
        cmocka_unit_test(conf_reports_twenty_errors_and_counts_the_rest),
        cmocka_unit_test(conf_long_and_many_things_are_refused),
        cmocka_unit_test(conf_plain_transports_need_a_test_build_and_loopback),
        cmocka_unit_test(conf_printed_text_parses_to_the_same),
        cmocka_unit_test(conf_reload_names_what_needs_a_restart),
        cmocka_unit_test(conf_uses_are_judged_against_the_kind_of_key),
        cmocka_unit_test(conf_ten_thousand_keys_are_read),
        cmocka_unit_test(conf_example_is_a_good_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
