#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/conf/conf.h"
#include "core/base/log.h"

/* The least configuration there can be. */
#define LEAST                                                                                     \
    "channel: {certificate: /c/cert.pem, key: /c/key.pem, ca: /c/ca.pem}\n"                       \
    "listen:\n- {address: 127.0.0.1, port: 7000, transport: tls}\n"

static char error[8192];

static struct lk_conf *parse(const char *text)
{
    struct lk_conf *conf = NULL;
    lk_err err = lk_conf_parse("f.yaml", lk_bytes_of(text, strlen(text)), &conf, error, sizeof error);
    if (err != LK_OK) print_message("%s\n", error);
    assert_int_equal(err, LK_OK);
    assert_string_equal(error, "");
    return conf;
}

static void refuse(const char *text, const char *expected)
{
    struct lk_conf *conf = NULL;
    lk_err err = lk_conf_parse("f.yaml", lk_bytes_of(text, strlen(text)), &conf, error, sizeof error);
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
    lk_conf_free(conf);
}

static void conf_error_names_file_line_option_and_range(void **state)
{
    (void)state;
    refuse(LEAST "limits:\n  idle: 0 s\n",
           "f.yaml:5: limits.idle: '0 s' is too small; allowed: 1 s to 1 h");
    refuse(LEAST "limits: {idel: 1 s}\n",
           "f.yaml:4: limits.idel: no such option, did you mean 'idle'?; allowed: see lurkd.conf(5)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_least_text_gives_the_defaults),
        cmocka_unit_test(conf_lists_refer_to_each_other_in_any_order),
        cmocka_unit_test(conf_error_names_file_line_option_and_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
