#include "core/wire/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void registry_finds_every_exchange_by_code(void **state)
{
    (void)state;
    static const struct {
        uint8_t designation, version, type;
        enum lk_exchange_id id;
        const char *name;
    } want[] = {
        {0, 1, 0, LK_X_LURK_CAPABILITIES, "lurk.capabilities"},
        {0, 1, 1, LK_X_LURK_PING, "lurk.ping"},
        {1, 1, 0, LK_X_TLS12_CAPABILITIES, "tls12.capabilities"},
        {1, 1, 1, LK_X_TLS12_PING, "tls12.ping"},
        {1, 1, 2, LK_X_TLS12_RSA_MASTER, "tls12.rsa_master"},
        {1, 1, 3, LK_X_TLS12_RSA_MASTER_WITH_POH, "tls12.rsa_master_with_poh"},
        {1, 1, 4, LK_X_TLS12_RSA_EXTENDED_MASTER, "tls12.rsa_extended_master"},
        {1, 1, 5, LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH, "tls12.rsa_extended_master_with_poh"},
        {1, 1, 6, LK_X_TLS12_ECDHE, "tls12.ecdhe"},
        {2, 1, 0, LK_X_TLS13_CAPABILITIES, "tls13.capabilities"},
        {2, 1, 1, LK_X_TLS13_PING, "tls13.ping"},
        {2, 1, 2, LK_X_TLS13_S_INIT_CERT_VERIFY, "tls13.s_init_cert_verify"},
        {240, 1, 0, LK_X_SPLIT_CAPABILITIES, "split.capabilities"},
        {240, 1, 1, LK_X_SPLIT_PING, "split.ping"},
        {240, 1, 2, LK_X_SPLIT_RSA_PREMASTER, "split.rsa_premaster"},
        {240, 1, 4, LK_X_SPLIT_SIGN_SKE, "split.sign_ske"},
        {240, 1, 6, LK_X_SPLIT_SIGN_CERT_VERIFY, "split.sign_cert_verify"},
        {240, 1, 10, LK_X_SPLIT_SIGN_CERT_REQUEST, "split.sign_cert_request"},
    };
    assert_int_equal(sizeof want / sizeof want[0], LK_EXCHANGE_COUNT);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        int found = lk_exchange_find(want[i].designation, want[i].version, want[i].type);
        assert_int_equal(found, want[i].id);
        assert_string_equal(lk_exchange_name(want[i].id), want[i].name);
        assert_int_equal(lk_extension_code(lk_exchange_extension(want[i].id)).designation, want[i].designation);
        assert_int_equal(lk_exchange_type(want[i].id), want[i].type);
        assert_int_equal(lk_exchange_keyed(want[i].id), want[i].type > 1);
    }
}

static void registry_knows_nothing_else(void **state)
{
    (void)state;
    int known = 0;
    for (unsigned d = 0; d < 256; d++)
        for (unsigned v = 0; v < 4; v++)
            for (unsigned t = 0; t < 256; t++)
                known += lk_exchange_find((uint8_t)d, (uint8_t)v, (uint8_t)t) >= 0;
    assert_int_equal(known, LK_EXCHANGE_COUNT);
    assert_int_equal(lk_exchange_find(0, 1, 2), -1); /* lurk.md L9: "error" is no exchange */
    assert_string_equal(lk_exchange_name(LK_EXCHANGE_COUNT), "unknown");
    assert_false(lk_exchange_keyed(LK_EXCHANGE_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_finds_every_exchange_by_code),
        cmocka_unit_test(registry_knows_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
