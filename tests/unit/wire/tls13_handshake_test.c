/* The messages of s_init_cert_verify: one good handshake, and one flaw at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/wire/tls13.h"
#include "tests/support/hello.h"
#include "tests/support/vectors.h"

static bool accepted(const struct lk_hello_shape *shape, struct lk_tls13_handshake *out)
{
    uint8_t built[4096];
    size_t len = lk_hello_build(shape, built, sizeof built);
    static uint8_t *exact; /* out points into it */
    free(exact);
    exact = malloc(len);
    memcpy(exact, built, len);
    return lk_tls13_handshake_parse(lk_bytes_of(exact, len), out);
}

static void handshake_good_ones_are_taken(void **state)
{
    (void)state;
    static const struct lk_hello_shape rows[] = {
        {.sequence = "hHe"},
        {.sequence = "hHeq"},
        {.sequence = "hRhHe"},
        {.sequence = "hRhHeq", .retry_without_share = true},
        {.suite = 0x1302},
        {.suite = 0x1303},
        {.suite = 0x1304},
        {.suite = 0x1305},
        {.session_id_bytes = 32},
        {.no_server_share = true},
        {.psk_offered = true}, /* offered and not agreed */
        {.group = LK_GROUP_X25519MLKEM768},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_tls13_handshake h;
        if (!accepted(&rows[i], &h)) fail_msg("row %zu", i);
        assert_int_equal(h.suite, rows[i].suite != 0 ? rows[i].suite : 0x1301);
        assert_int_equal(h.hash, h.suite == 0x1302 ? LK_SHA384 : LK_SHA256);
        assert_int_equal(h.server_share.len, rows[i].no_server_share ? 0 : 32);
        assert_int_equal(h.schemes.len, 10);
        const char *sequence = rows[i].sequence != NULL ? rows[i].sequence : "hHe";
        assert_int_equal(h.retry.len > 0, sequence[1] == 'R');
        assert_int_equal(h.first_hello.len > 0, sequence[1] == 'R');
        assert_int_equal(h.certificate_request, strchr(sequence, 'q') != NULL);
        struct lk_bytes share = lk_tls13_share_find(h.client_shares, h.group);
        assert_int_equal(share.len, 32);
        assert_int_equal(lk_tls13_share_find(h.client_shares, 0x2a2a).len, 1);
        assert_int_equal(lk_tls13_share_find(h.client_shares, 31).len, 0);
    }
}

/* lurk-tls13.md 5.1 step 2. */
static void handshake_each_flaw_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct lk_hello_shape shape;
    } rows[] = {
        {"nothing", {.sequence = ""}},
        {"no ServerHello", {.sequence = "he"}},
        {"no EncryptedExtensions", {.sequence = "hH"}},
        {"ServerHello first", {.sequence = "Hhe"}},
        {"ClientHello alone", {.sequence = "h"}},
        {"a Certificate", {.sequence = "hHec"}},
        {"CertificateRequest before", {.sequence = "hHqe"}},
        {"CertificateRequest twice", {.sequence = "hHeqq"}},
        {"EncryptedExtensions twice", {.sequence = "hHee"}},
        {"Finished", {.sequence = "hHef"}},
        {"last ServerHello is a retry", {.sequence = "hRe"}},
        {"two retries", {.sequence = "hRhRe"}},
        {"retry and no second hello", {.sequence = "hRHe"}},
        {"two hellos without retry", {.sequence = "hHhHe"}},
        {"client version", {.client_legacy = 0x0304}},
        {"server version", {.server_legacy = 0x0304}},
        {"client offers 1.2 only", {.client_version = 0x0302}},
        {"server takes 1.2", {.server_version = 0x0303}},
        {"no supported_versions", {.no_versions = true}},
        {"none in ServerHello", {.no_server_versions = true}},
        {"no signature_algorithms", {.no_schemes = true}},
        {"signature_algorithms twice", {.schemes_twice = true}},
        {"half a scheme", {.odd_schemes = true}},
        {"no key_share", {.no_key_share_extension = true}},
        {"none in ServerHello", {.no_server_key_share = true}},
        {"an empty share", {.empty_share = true}},
        {"suite not offered", {.offered_suite = 0x1302}},
        {"suite of TLS 1.2", {.suite = 0xc02f}},
        {"unknown suite", {.suite = 0x1306}},
        {"suite changed after the retry", {.sequence = "hRhHe", .retry_suite = 0x1302}},
        {"group changed after the retry", {.sequence = "hRhHe", .retry_group = 23}},
        {"compression", {.deflate = true}},
        {"session id", {.session_id_bytes = 33}},
        {"psk agreed", {.psk_offered = true, .psk_agreed = true}},
        {"psk not last", {.psk_in_the_middle = true}},
        {"context in CertificateRequest", {.sequence = "hHeq", .request_context = true}},
        {"no schemes in it", {.sequence = "hHeq", .request_without_schemes = true}},
        {"byte in ClientHello", {.trailing = 'h'}},
        {"byte in ServerHello", {.trailing = 'H'}},
        {"byte in EncryptedExtensions", {.trailing = 'e'}},
        {"byte in CertificateRequest", {.sequence = "hHeq", .trailing = 'q'}},
        {"byte in HelloRetryRequest", {.sequence = "hRhHe", .trailing = 'R'}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_tls13_handshake h;
        if (accepted(&rows[i].shape, &h)) fail_msg("%s", rows[i].what);
    }
}

/* The client may offer no share at all in its first hello: that is what a retry is for. */
static void handshake_a_first_hello_without_shares_is_legal(void **state)
{
    (void)state;
    struct lk_hello_shape none = {.sequence = "hR", .no_client_share = true};
    struct lk_hello_shape then = {.sequence = "hHe"};
    uint8_t built[4096];
    size_t len = lk_hello_build(&none, built, sizeof built);
    len += lk_hello_build(&then, built + len, sizeof built - len);
    struct lk_tls13_handshake h;
    assert_true(lk_tls13_handshake_parse(lk_bytes_of(built, len), &h));
    assert_int_equal(lk_tls13_share_find(h.client_shares, h.group).len, 32);
}

static void handshake_every_truncation_is_refused(void **state)
{
    (void)state;
    struct lk_hello_shape shape = {.sequence = "hRhHeq"};
    uint8_t built[4096];
    size_t len = lk_hello_build(&shape, built, sizeof built), optional = len - 15;
    struct lk_tls13_handshake h;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut > 0 ? cut : 1);
        memcpy(exact, built, cut);
        bool good = lk_tls13_handshake_parse(lk_bytes_of(exact, cut), &h);
        assert_int_equal(good, cut == optional); /* CertificateRequest may be missing */
        free(exact);
    }
}

/* Handshakes of real implementations. */
static void handshake_rfc8448_traces_are_taken(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "rfc8448.json")) skip();
    static const struct {
        const char *section;
        bool retry, request, good;
    } rows[] = {
        {"section_3", false, false, true}, {"section_5", true, false, true},
        {"section_6", false, true, true},  {"section_7", false, false, true},
        {"section_4", false, false, false}, /* resumption: psk agreed */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const json_t *trace =
            json_object_get(json_object_get(v.root, "traces"), rows[i].section);
        uint8_t bytes[4096];
        size_t len = 0, k;
        const json_t *message;
        json_array_foreach(json_object_get(trace, "handshake_messages"), k, message) {
            const char *type = lk_vectors_text(message, "type");
            if (strcmp(type, "certificate") == 0 || strcmp(type, "finished") == 0) break;
            struct lk_bytes b = lk_vectors_hex(&v, message, "bytes");
            memcpy(bytes + len, b.data, b.len);
            len += b.len;
        }
        struct lk_tls13_handshake h;
        if (lk_tls13_handshake_parse(lk_bytes_of(bytes, len), &h) != rows[i].good)
            fail_msg("%s", rows[i].section);
        if (!rows[i].good) continue;
        assert_int_equal(h.retry.len > 0, rows[i].retry);
        assert_int_equal(h.certificate_request, rows[i].request);
    }
    lk_vectors_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_good_ones_are_taken),
        cmocka_unit_test(handshake_each_flaw_is_refused),
        cmocka_unit_test(handshake_a_first_hello_without_shares_is_legal),
        cmocka_unit_test(handshake_every_truncation_is_refused),
        cmocka_unit_test(handshake_rfc8448_traces_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
