#include "core/wire/tls13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/limits.h"
#include "tests/support/roundtrip.h"
#include "tests/support/vectors.h"

#define BYTES(literal) lk_bytes_of((literal), sizeof(literal) - 1)
#define ASK LK_X_TLS13_S_INIT_CERT_VERIFY

static struct lk_vectors vectors;

static int vectors_setup(void **state)
{
    (void)state;
    return lk_vectors_open(&vectors, "lurk/tls13.json") ? 0 : -1;
}

static int vectors_teardown(void **state)
{
    (void)state;
    lk_vectors_close(&vectors);
    return 0;
}

/* The payload of a message of row 0 or 1, in an allocation of its own. */
static struct lk_bytes payload_of(size_t row, const char *field)
{
    const json_t *r = json_array_get(lk_vectors_rows(&vectors, "s_init_cert_verify"), row);
    struct lk_bytes m = lk_vectors_hex(&vectors, r, field);
    return lk_vectors_copy(&vectors, lk_bytes_of(m.data + LK_HEADER_BYTES,
                                                 m.len - LK_HEADER_BYTES));
}

/* --- requests --------------------------------------------------------------------------------- */

/* lurk-tls13.md 8, cut up there by hand. */
static void tls13_the_example_is_cut_as_the_text_cuts_it(void **state)
{
    (void)state;
    struct lk_tls13_cert_verify r;
    struct lk_bytes payload = payload_of(0, "request");
    assert_int_equal(lk_tls13_cert_verify_parse(payload, &r), 0);
    assert_true(r.last);
    assert_null(r.session_id);
    assert_int_equal(r.freshness, LK_SHA256);
    assert_int_equal(r.ephemeral.method, LK_TLS13_E_GENERATED);
    assert_int_equal(r.ephemeral.group, LK_GROUP_X25519);
    assert_int_equal(r.ephemeral.bytes.len, 32);
    assert_memory_equal(r.ephemeral.bytes.data, "\xb8\xbd\x42\x05", 4);
    assert_int_equal(r.messages.len, 224);
    assert_int_equal(r.handshake.client_hello.len, 4 + 0x7c);
    assert_int_equal(r.handshake.server_hello.len, 4 + 0x56);
    assert_int_equal(r.handshake.rest.len, 6);
    assert_int_equal(r.handshake.first_hello.len, 0);
    assert_memory_equal(r.handshake.server_random, "\xb6\x25\xc1\x21", 4);
    assert_int_equal(r.handshake.suite, 0x1301);
    assert_int_equal(r.handshake.group, LK_GROUP_X25519);
    assert_int_equal(r.handshake.server_share.len, 32);
    assert_int_equal(r.certificate.type, LK_TLS13_CERT_FINGER_PRINT);
    assert_int_equal(r.certificate.context.len, 0);
    struct lk_cursor entries = lk_cursor_of(r.certificate.entries);
    struct lk_tls13_entry entry;
    assert_true(lk_tls13_entry_read(&entries, r.certificate.type, &entry));
    assert_true(lk_bytes_equal(entry.certificate, BYTES("\x93\xc5\xcf\xd7")));
    assert_false(lk_tls13_entry_read(&entries, r.certificate.type, &entry));
    assert_true(lk_cursor_done(&entries));
    assert_int_equal(r.secret_request, 0x1f00);
    assert_int_equal(r.sig_algo, 0x0807);
}

static void tls13_every_vector_parses_and_writes_to_the_same_bytes(void **state)
{
    (void)state;
    for (size_t row = 0; row < 2; row++) {
        assert_int_equal(lk_roundtrip_request(ASK, payload_of(row, "request")), 0);
        assert_true(lk_roundtrip_reply(ASK, payload_of(row, "response")));
    }
}

static void tls13_every_truncation_is_3(void **state)
{
    (void)state;
    struct lk_bytes payload = payload_of(0, "request");
    for (size_t len = 0; len < payload.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);
        memcpy(exact, payload.data, len);
        assert_int_equal(lk_roundtrip_request(ASK, lk_bytes_of(exact, len)),
                         LK_TLS13_INVALID_FORMAT);
        free(exact);
    }
}

static void tls13_a_byte_behind_is_3(void **state)
{
    (void)state;
    struct lk_bytes payload = payload_of(0, "request");
    uint8_t longer[1024] = {0};
    memcpy(longer, payload.data, payload.len);
    assert_int_equal(lk_roundtrip_request(ASK, lk_bytes_of(longer, payload.len + 1)), 3);
}

/* lurk-tls13.md 4: the id is there exactly if last_exchange is 0. */
static void tls13_the_session_id_goes_with_the_tag(void **state)
{
    (void)state;
    struct lk_bytes payload = payload_of(0, "request");
    uint8_t with[1024];
    memcpy(with, payload.data, 1);
    memcpy(with + 1, "\1\2\3\4", 4);
    memcpy(with + 5, payload.data + 1, payload.len - 1);
    struct lk_bytes longer = lk_bytes_of(with, payload.len + 4);
    assert_int_equal(lk_roundtrip_request(ASK, longer), 3); /* last, and an id */
    with[0] = 0;
    assert_int_equal(lk_roundtrip_request(ASK, longer), 0);
    struct lk_tls13_cert_verify r;
    assert_int_equal(lk_tls13_cert_verify_parse(longer, &r), 0);
    assert_memory_equal(r.session_id, "\1\2\3\4", 4);
    ((uint8_t *)payload.data)[0] = 0;
    assert_int_equal(lk_roundtrip_request(ASK, payload), 3); /* not last, and none */
    ((uint8_t *)payload.data)[0] = 0xff;
    assert_int_equal(lk_roundtrip_request(ASK, payload), 0); /* bits 6..0 are ignored */
}

/* Offsets in the payload of row 0. */
enum { FRESHNESS = 1, METHOD = 2, HELLO_TYPE = 43, CERT_TYPE = 267, CONTEXT = 269 };

static uint8_t changed(const size_t at[2], const uint8_t to[2])
{
    struct lk_bytes payload = payload_of(0, "request");
    for (int i = 0; i < 2; i++)
        if (at[i] > 0) ((uint8_t *)payload.data)[at[i]] = to[i];
    return lk_roundtrip_request(ASK, payload);
}

/* Two faults in one request: the earlier step answers. */
static void tls13_faults_come_in_the_order_of_the_steps(void **state)
{
    (void)state;
    static const struct {
        size_t at[2];
        uint8_t to[2], want;
    } rows[] = {
        {{FRESHNESS, 0}, {3, 0}, LK_TLS13_INVALID_FRESHNESS},
        {{FRESHNESS, 0}, {255, 0}, LK_TLS13_INVALID_FRESHNESS},
        {{METHOD, 0}, {3, 0}, LK_TLS13_INVALID_EPHEMERAL},
        {{HELLO_TYPE, 0}, {2, 0}, LK_TLS13_INVALID_HANDSHAKE},
        {{CERT_TYPE + 1, 0}, {1, 0}, LK_TLS13_INVALID_CERT_TYPE},
        {{CERT_TYPE + 1, 0}, {131, 0}, LK_TLS13_INVALID_CERT_TYPE},
        {{CERT_TYPE, 0}, {1, 0}, LK_TLS13_INVALID_CERT_TYPE},
        {{FRESHNESS, METHOD}, {3, 3}, LK_TLS13_INVALID_FRESHNESS},
        {{FRESHNESS, CERT_TYPE + 1}, {3, 1}, LK_TLS13_INVALID_CERT_TYPE}, /* where met */
        {{METHOD, HELLO_TYPE}, {3, 2}, LK_TLS13_INVALID_EPHEMERAL},
        {{CONTEXT, FRESHNESS}, {1, 3}, LK_TLS13_INVALID_FORMAT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t got = changed(rows[i].at, rows[i].to);
        if (got != rows[i].want) fail_msg("row %zu: %u", i, got);
    }
}

/* Every form of Ephemeral and Cert, written and read back. */
static void tls13_every_form_round_trips(void **state)
{
    (void)state;
    struct lk_bytes payload = payload_of(0, "request");
    struct lk_tls13_cert_verify base, r;
    uint8_t again[2048];
    static const struct {
        uint16_t cert_type;
        struct lk_bytes entries;
    } certs[] = {
        {LK_TLS13_CERT_NONE, {NULL, 0}},
        {LK_TLS13_CERT_FINGER_PRINT, {(const uint8_t *)"abcd\0\0efgh\0\1x", 13}},
        {LK_TLS13_CERT_UNCOMPRESSED, {(const uint8_t *)"\0\0\2ab\0\0\0\0\1c\0\1x", 14}},
        {LK_TLS13_CERT_UNCOMPRESSED, {NULL, 0}},
    };
    assert_int_equal(lk_tls13_cert_verify_parse(payload, &base), 0);
    for (size_t i = 0; i < 2 * sizeof certs / sizeof certs[0]; i++) {
        base.ephemeral.method = i % 2 == 0 ? LK_TLS13_E_GENERATED : LK_TLS13_CS_GENERATED;
        base.certificate.type = certs[i / 2].cert_type;
        base.certificate.entries = certs[i / 2].entries;
        struct lk_writer w = lk_writer_of(again, sizeof again);
        lk_tls13_cert_verify_write(&w, &base);
        assert_false(w.bad);
        assert_int_equal(lk_roundtrip_request(ASK, lk_bytes_of(again, w.len)), 0);
        assert_int_equal(lk_tls13_cert_verify_parse(lk_bytes_of(again, w.len), &r), 0);
        assert_int_equal(r.ephemeral.method, base.ephemeral.method);
        assert_true(lk_bytes_equal(r.certificate.entries, certs[i / 2].entries));
        assert_int_equal(r.secret_request, base.secret_request);
    }
}

static void tls13_entries_that_are_no_entries_are_3(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        struct lk_bytes entries;
    } rows[] = {
        {LK_TLS13_CERT_FINGER_PRINT, {(const uint8_t *)"abc", 3}},
        {LK_TLS13_CERT_FINGER_PRINT, {(const uint8_t *)"abcd\0", 5}},
        {LK_TLS13_CERT_FINGER_PRINT, {(const uint8_t *)"abcd\0\1", 6}},
        {LK_TLS13_CERT_FINGER_PRINT, {(const uint8_t *)"abcd\0\0a", 7}},
        {LK_TLS13_CERT_UNCOMPRESSED, {(const uint8_t *)"\0\0\0\0\0", 5}},
        {LK_TLS13_CERT_UNCOMPRESSED, {(const uint8_t *)"\0\0\2a\0\0", 6}},
    };
    struct lk_tls13_cert_verify base;
    uint8_t again[2048];
    assert_int_equal(lk_tls13_cert_verify_parse(payload_of(0, "request"), &base), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        base.certificate.type = rows[i].type;
        base.certificate.entries = rows[i].entries;
        struct lk_writer w = lk_writer_of(again, sizeof again);
        lk_tls13_cert_verify_write(&w, &base);
        if (lk_roundtrip_request(ASK, lk_bytes_of(again, w.len)) != 3) fail_msg("row %zu", i);
    }
}

/* --- replies ---------------------------------------------------------------------------------- */

static void tls13_the_example_reply_is_cut_as_the_text_cuts_it(void **state)
{
    (void)state;
    struct lk_tls13_cert_verify_reply r;
    assert_true(lk_tls13_cert_verify_reply_parse(payload_of(0, "response"), &r));
    assert_true(r.last);
    assert_int_equal(r.ephemeral.method, LK_TLS13_E_GENERATED);
    assert_int_equal(r.signature.len, 64);
    struct lk_cursor c = lk_cursor_of(r.secrets);
    for (unsigned code = LK_TLS13_H_C; code <= LK_TLS13_X; code++) {
        uint8_t got;
        struct lk_bytes value;
        assert_true(lk_tls13_secret_read(&c, &got, &value));
        assert_int_equal(got, code);
        assert_int_equal(value.len, 32);
    }
    assert_true(lk_cursor_done(&c));
}

static void tls13_replies_with_faults_are_refused(void **state)
{
    (void)state;
    static const struct lk_bytes good[] = {
        {(const uint8_t *)"\x80\1\0\0\0\1s", 7},
        {(const uint8_t *)"\0abcd\2\0\7\0\x1d\0\3xyz\0\3\3\1k\0\1s", 24 - 1},
    };
    static const struct lk_bytes bad[] = {
        {(const uint8_t *)"\x80\3\0\0\0\1s", 7},             /* no such method */
        {(const uint8_t *)"\x80\1\0\0\0\1s!", 8},            /* a byte behind */
        {(const uint8_t *)"\x80\1\0\0\0\2s", 7},             /* cut */
        {(const uint8_t *)"\x80\1\0\6\3\1k\3\1k\0\1s", 13},  /* a secret twice */
        {(const uint8_t *)"\x80\1\0\6\4\1k\3\1k\0\1s", 13},  /* out of order */
        {(const uint8_t *)"\x80\1\0\3\x09\1k\0\1s", 10},     /* no such secret */
        {(const uint8_t *)"\x80\1\0\2\3\1\0\1s", 9},         /* cut inside the list */
        {(const uint8_t *)"\x80\2\0\6\0\x1d\0\3xy\0\0\0\1s", 15},
        {(const uint8_t *)"\x80\2\0\7\0\x1d\0\2xyz\0\0\0\1s", 16},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!lk_roundtrip_reply(ASK, good[i])) fail_msg("good row %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (lk_roundtrip_reply(ASK, bad[i])) fail_msg("bad row %zu", i);
}

/* --- tables, capabilities --------------------------------------------------------------------- */

static void tls13_groups_are_those_of_the_text(void **state)
{
    (void)state;
    static const uint16_t want[][2] = {{23, 32}, {24, 48},     {25, 66},     {29, 32},
                                       {30, 56}, {0x11eb, 64}, {0x11ec, 64}, {0x11ed, 80}};
    size_t count;
    const struct lk_tls13_group_row *rows = lk_tls13_groups(&count);
    assert_int_equal(count, 8);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].group, want[i][0]);
        assert_int_equal(rows[i].secret_bytes, want[i][1]);
        assert_int_equal(rows[i].share_bytes == 0, want[i][0] > 0x1000);
        assert_ptr_equal(lk_tls13_group_find(want[i][0]), &rows[i]);
    }
    assert_null(lk_tls13_group_find(26));
}

#define CAPABILITIES                                                                              \
    "\3\0\1\2" "\3\0\1\2" "\2\1\2" "\0\4\0\x17\0\x1d" "\0\2\x13\1" "\0\2\x08\7"                   \
    "\0\4\0\x81\0\x82" "\0\4\x93\xc5\xcf\xd7"

static void tls13_capabilities_have_the_layout_of_the_text(void **state)
{
    (void)state;
    struct lk_bytes good = BYTES(CAPABILITIES);
    struct lk_tls13_capabilities c;
    assert_true(lk_roundtrip_reply(LK_X_TLS13_CAPABILITIES, good));
    assert_true(lk_tls13_capabilities_parse(good, &c));
    assert_true(lk_bytes_equal(c.groups, BYTES("\0\x17\0\x1d")));
    assert_true(lk_bytes_equal(c.fingerprints, BYTES("\x93\xc5\xcf\xd7")));
    for (size_t len = 0; len < good.len; len++)
        assert_false(lk_roundtrip_reply(LK_X_TLS13_CAPABILITIES, lk_bytes_of(good.data, len)));
    assert_false(lk_roundtrip_reply(LK_X_TLS13_CAPABILITIES, BYTES(CAPABILITIES "x")));
    assert_false(lk_roundtrip_reply(LK_X_TLS13_CAPABILITIES, BYTES("\0\0\0\0\1x\0\0\0\0\0\0\0\0")));
    assert_false(lk_roundtrip_reply(LK_X_TLS13_CAPABILITIES, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\3xyz")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls13_the_example_is_cut_as_the_text_cuts_it),
        cmocka_unit_test(tls13_every_vector_parses_and_writes_to_the_same_bytes),
        cmocka_unit_test(tls13_every_truncation_is_3),
        cmocka_unit_test(tls13_a_byte_behind_is_3),
        cmocka_unit_test(tls13_the_session_id_goes_with_the_tag),
        cmocka_unit_test(tls13_faults_come_in_the_order_of_the_steps),
        cmocka_unit_test(tls13_every_form_round_trips),
        cmocka_unit_test(tls13_entries_that_are_no_entries_are_3),
        cmocka_unit_test(tls13_the_example_reply_is_cut_as_the_text_cuts_it),
        cmocka_unit_test(tls13_replies_with_faults_are_refused),
        cmocka_unit_test(tls13_groups_are_those_of_the_text),
        cmocka_unit_test(tls13_capabilities_have_the_layout_of_the_text),
    };
    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
