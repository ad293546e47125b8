#include "core/wire/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/limits.h"
#include "tests/support/roundtrip.h"
#include "tests/support/vectors.h"

#define BYTES(literal) lk_bytes_of((literal), sizeof(literal) - 1)

static struct lk_vectors vectors;

static int vectors_setup(void **state)
{
    (void)state;
    return lk_vectors_open(&vectors, "lurk/split.json") ? 0 : -1;
}

static int vectors_teardown(void **state)
{
    (void)state;
    lk_vectors_close(&vectors);
    return 0;
}

static struct lk_bytes payload_of(struct lk_bytes message)
{
    return lk_vectors_copy(&vectors, lk_bytes_of(message.data + LK_HEADER_BYTES,
                                                 message.len - LK_HEADER_BYTES));
}

/* Calls each for the vectors of the types that are built. */
static int each_row(void (*each)(enum lk_exchange_id exchange, struct lk_bytes request,
                                 struct lk_bytes reply))
{
    const json_t *row;
    size_t i;
    int count = 0;
    json_array_foreach(lk_vectors_rows(&vectors, "tests"), i, row) {
        struct lk_bytes request = lk_vectors_hex(&vectors, row, "request");
        int found = lk_exchange_find(request.data[0], request.data[1], request.data[2]);
        if (found < 0) continue;
        each((enum lk_exchange_id)found, payload_of(request),
             payload_of(lk_vectors_hex(&vectors, row, "response")));
        count++;
    }
    return count;
}

static void round_trips(enum lk_exchange_id exchange, struct lk_bytes request,
                        struct lk_bytes reply)
{
    assert_int_equal(lk_roundtrip_request(exchange, request), 0);
    assert_true(lk_roundtrip_reply(exchange, reply));
    assert_false(lk_roundtrip_reply(exchange, lk_bytes_of(reply.data, reply.len - 1)));
}

static void split_every_vector_parses_and_writes_to_the_same_bytes(void **state)
{
    (void)state;
    assert_int_equal(each_row(round_trips), 9);
}

static void truncated(enum lk_exchange_id exchange, struct lk_bytes request, struct lk_bytes reply)
{
    (void)reply;
    for (size_t len = 0; len < request.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);
        memcpy(exact, request.data, len);
        assert_int_equal(lk_roundtrip_request(exchange, lk_bytes_of(exact, len)),
                         LK_SPLIT_INVALID_PAYLOAD_FORMAT);
        free(exact);
    }
    uint8_t *longer = calloc(1, request.len + 1);
    memcpy(longer, request.data, request.len);
    assert_int_equal(lk_roundtrip_request(exchange, lk_bytes_of(longer, request.len + 1)),
                     LK_SPLIT_INVALID_PAYLOAD_FORMAT);
    free(longer);
}

static void split_too_short_and_too_long_is_3(void **state)
{
    (void)state;
    each_row(truncated);
}

static void of_key_type_1(enum lk_exchange_id exchange, struct lk_bytes request,
                          struct lk_bytes reply)
{
    (void)reply;
    ((uint8_t *)request.data)[0] = 1;
    assert_int_equal(lk_roundtrip_request(exchange, request), LK_SPLIT_INVALID_KEY_ID_TYPE);
    assert_int_equal(lk_roundtrip_request(exchange, lk_bytes_of(request.data, 1)),
                     LK_SPLIT_INVALID_KEY_ID_TYPE);
}

static void split_key_id_type_is_judged_first(void **state)
{
    (void)state;
    each_row(of_key_type_1);
}

/* --- sign_ske --------------------------------------------------------------------------------- */

static struct lk_bytes ske(const char *name)
{
    const json_t *row;
    size_t i;
    json_array_foreach(lk_vectors_rows(&vectors, "tests"), i, row)
        if (strcmp(lk_vectors_text(row, "name"), name) == 0)
            return payload_of(lk_vectors_hex(&vectors, row, "request"));
    fail_msg("no vector %s", name);
    return lk_bytes_of(NULL, 0);
}
#define DHE "sign_ske DHE ffdhe2048, RSA PKCS#1 sha256, sha256_128"
#define ECDHE "sign_ske ECDHE P-256, sha256_256, RSA PKCS#1 sha256"

/* Offsets of both forms, then those of ecdhe. */
enum { KX = 72, PARAMS_LEN = 73, CURVE_TYPE = 75, CURVE = 76, POINT_LEN = 78, POO = 144,
       VG_LEN = 145 };

static void split_sign_ske_is_cut_into_its_parts(void **state)
{
    (void)state;
    struct lk_split_sign_ske r;
    assert_int_equal(lk_split_sign_ske_parse(ske(ECDHE), &r), 0);
    assert_int_equal(r.kx, LK_SPLIT_ECDHE);
    assert_int_equal(r.common.freshness, 0);
    assert_int_equal(r.sig_and_hash, 0x0401);
    assert_int_equal(r.group, LK_GROUP_SECP256R1);
    assert_int_equal(r.params.len, 69);
    assert_int_equal(r.share.len, 65);
    assert_int_equal(r.poo_prf, 2);
    assert_int_equal(r.poo_point.len, 65);
    assert_int_equal(r.poo_r.len, 32);
    assert_int_equal(lk_split_sign_ske_parse(ske(DHE), &r), 0);
    assert_int_equal(r.kx, LK_SPLIT_DHE);
    assert_int_equal(r.p.len, 256);
    assert_int_equal(r.g.len, 1);
    assert_int_equal(r.share.len, 256);
    assert_int_equal(r.poo_point.len, 256);
    assert_int_equal(r.poo_r.len, 256);
}

static void split_sign_ske_faults_have_their_status(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        uint8_t to, want;
    } rows[] = {
        {ECDHE, KX, 0, 3},          {ECDHE, KX, 2, 3},        {ECDHE, KX, 4, 3},
        {ECDHE, KX, 1, 3},          {DHE, KX, 3, 9}, /* |p| is read as curve type and curve */
        {ECDHE, CURVE_TYPE, 1, 9},  {ECDHE, CURVE + 1, 22, 9}, {ECDHE, CURVE, 1, 9},
        {ECDHE, PARAMS_LEN + 1, 68, 3}, {ECDHE, POINT_LEN, 64, 3}, {ECDHE, POO, 3, 12},
        {ECDHE, POO, 0, 3},         {ECDHE, VG_LEN, 64, 3},
        {ECDHE, CURVE + 1, 24, 3}, /* r of 48 bytes */
        {DHE, 75, 2, 3},            {DHE, 336, 3, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_bytes payload = ske(rows[i].name);
        ((uint8_t *)payload.data)[rows[i].at] = rows[i].to;
        uint8_t got = lk_roundtrip_request(LK_X_SPLIT_SIGN_SKE, payload);
        if (got != rows[i].want) fail_msg("row %zu: %u", i, got);
    }
}

/* A point of another length is judged when its step comes, not by the cut. */
static void split_sign_ske_points_of_another_length_are_8(void **state)
{
    (void)state;
    struct lk_split_sign_ske r;
    uint8_t payload[512];
    assert_int_equal(lk_split_sign_ske_parse(ske(ECDHE), &r), 0);
    for (int which = 0; which < 2; which++) {
        struct lk_split_sign_ske odd = r;
        uint8_t params[69] = {3, 0, 23, 64};
        if (which == 0) odd.params = lk_bytes_of(params, 68);
        if (which == 1) odd.poo_point.len = 64;
        struct lk_writer w = lk_writer_of(payload, sizeof payload);
        lk_split_sign_ske_write(&w, &odd);
        struct lk_split_sign_ske cut;
        assert_int_equal(lk_split_sign_ske_cut(lk_bytes_of(payload, w.len), &cut), 0);
        assert_int_equal(lk_split_sign_ske_judge(&cut), LK_SPLIT_INVALID_PUBLIC_VALUE);
    }
}

/* --- the others ------------------------------------------------------------------------------- */

static void split_cert_verify_faults_are_3(void **state)
{
    (void)state;
    struct lk_split_cert_verify r;
    struct lk_bytes good = BYTES("\0abcd\1\x08\7\3xyz");
    assert_int_equal(lk_split_cert_verify_parse(good, &r), 0);
    assert_int_equal(r.role, LK_SPLIT_CLIENT);
    assert_int_equal(r.scheme, 0x0807);
    assert_int_equal(r.transcript_hash.len, 3);
    assert_int_equal(lk_split_cert_verify_parse(BYTES("\0abcd\2\x08\7\3xyz"), &r), 3);
    assert_int_equal(lk_split_cert_verify_parse(BYTES("\0abcd\1\x08\7\4xyz"), &r), 3);
}

/* lurk-split.md 2: the version is judged after the key. */
static void split_premaster_version_is_a_step_of_its_own(void **state)
{
    (void)state;
    struct lk_split_rsa_premaster r;
    static const struct {
        uint16_t version;
        uint8_t want;
    } rows[] = {{0x0303, 0}, {0xfefd, 0}, {0x0302, 3}, {0x0304, 3}, {0xfeff, 3}, {0, 3}};
    assert_int_equal(lk_split_rsa_premaster_parse(BYTES("\0abcd\3\4\0\2xy"), &r), 0);
    assert_int_equal(r.ciphertext.len, 2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        r.client_version = rows[i].version;
        assert_int_equal(lk_split_rsa_premaster_judge(&r), rows[i].want);
    }
}

#define CAPABILITIES                                                                              \
    "\4\0\1\4\6" "\2\0\xff" "\1\0" "\2\1\2" "\0\4\4\1\x08\4" "\0\2\0\x17"                         \
    "\0\x08\0\xe5\xc8\xb4\xb1\2\0\x50"

static void split_capabilities_have_the_layout_of_the_text(void **state)
{
    (void)state;
    struct lk_bytes good = BYTES(CAPABILITIES);
    struct lk_split_capabilities c;
    assert_true(lk_roundtrip_reply(LK_X_SPLIT_CAPABILITIES, good));
    assert_true(lk_split_capabilities_parse(good, &c));
    assert_true(lk_bytes_equal(c.keys, BYTES("\0\xe5\xc8\xb4\xb1\2\0\x50")));
    for (size_t len = 0; len < good.len; len++)
        assert_false(lk_roundtrip_reply(LK_X_SPLIT_CAPABILITIES, lk_bytes_of(good.data, len)));
    assert_false(lk_roundtrip_reply(LK_X_SPLIT_CAPABILITIES, BYTES(CAPABILITIES "x")));
    assert_false(lk_roundtrip_reply(LK_X_SPLIT_CAPABILITIES, BYTES("\0\0\0\0\0\1x\0\0\0\0")));
    assert_false(lk_roundtrip_reply(LK_X_SPLIT_CAPABILITIES, BYTES("\0\0\0\0\0\0\0\0\0\7abcdefg")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_every_vector_parses_and_writes_to_the_same_bytes),
        cmocka_unit_test(split_too_short_and_too_long_is_3),
        cmocka_unit_test(split_key_id_type_is_judged_first),
        cmocka_unit_test(split_sign_ske_is_cut_into_its_parts),
        cmocka_unit_test(split_sign_ske_faults_have_their_status),
        cmocka_unit_test(split_sign_ske_points_of_another_length_are_8),
        cmocka_unit_test(split_cert_verify_faults_are_3),
        cmocka_unit_test(split_premaster_version_is_a_step_of_its_own),
        cmocka_unit_test(split_capabilities_have_the_layout_of_the_text),
    };
    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
