#include "core/wire/tls12.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/limits.h"
#include "core/wire/header.h"
#include "tests/support/request.h"
#include "tests/support/vectors.h"

static struct lk_vectors vectors;

static int vectors_setup(void **state)
{
    (void)state;
    return lk_vectors_open(&vectors, "lurk/tls12.json") ? 0 : -1;
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

/* Calls each for every request of the vectors that carries a payload. */
static void each_request(void (*each)(uint8_t type, struct lk_bytes payload))
{
    static const char *const arrays[] = {"rsa", "ecdhe"};
    for (size_t a = 0; a < 2; a++) {
        const json_t *row;
        size_t i;
        json_array_foreach(lk_vectors_rows(&vectors, arrays[a]), i, row) {
            struct lk_bytes message = lk_vectors_hex(&vectors, row, "request");
            each(message.data[2], payload_of(message));
        }
    }
}

static void accepted(uint8_t type, struct lk_bytes payload)
{
    assert_int_equal(lk_request_check(type, payload), 0);
}

static void tls12_every_vector_parses_and_writes_to_the_same_bytes(void **state)
{
    (void)state;
    each_request(accepted);
}

static void truncated(uint8_t type, struct lk_bytes payload)
{
    for (size_t len = 0; len < payload.len; len++) {
        if (type == LK_TLS12_RSA_MASTER && len >= 71) continue; /* a shorter ciphertext: step 4 */
        uint8_t *exact = malloc(len > 0 ? len : 1);
        memcpy(exact, payload.data, len);
        assert_int_equal(lk_request_check(type, lk_bytes_of(exact, len)),
                         LK_TLS12_INVALID_PAYLOAD_FORMAT);
        free(exact);
    }
}

static void tls12_every_truncation_of_a_vector_is_3(void **state)
{
    (void)state;
    each_request(truncated);
}

static void prolonged(uint8_t type, struct lk_bytes payload)
{
    uint8_t *longer = malloc(payload.len + 1);
    memcpy(longer, payload.data, payload.len);
    longer[payload.len] = 0;
    uint8_t want = type == LK_TLS12_RSA_MASTER ? 0 : LK_TLS12_INVALID_PAYLOAD_FORMAT;
    assert_int_equal(lk_request_check(type, lk_bytes_of(longer, payload.len + 1)), want);
    free(longer);
}

/* The ciphertext of rsa_master runs to the end, whatever its length: that is step 4's. */
static void tls12_trailing_bytes_are_3(void **state)
{
    (void)state;
    each_request(prolonged);
}

static void of_key_type_1(uint8_t type, struct lk_bytes payload)
{
    struct lk_bytes copy = lk_vectors_copy(&vectors, payload);
    ((uint8_t *)copy.data)[0] = 1;
    assert_int_equal(lk_request_check(type, copy), LK_TLS12_INVALID_KEY_ID_TYPE);
    /* judged when met: before anything behind it is missed */
    assert_int_equal(lk_request_check(type, lk_bytes_of(copy.data, 1)),
                     LK_TLS12_INVALID_KEY_ID_TYPE);
}

static void tls12_key_id_type_is_judged_first(void **state)
{
    (void)state;
    each_request(of_key_type_1);
}

static void of_odd_funct(uint8_t type, struct lk_bytes payload)
{
    struct lk_bytes copy = lk_vectors_copy(&vectors, payload);
    ((uint8_t *)copy.data)[5] = 255;
    struct lk_request request;
    assert_int_equal(lk_request_parse(type, copy, &request), 0);
    assert_int_equal(lk_request_common(type, &request)->freshness, 255);
}

static void tls12_freshness_funct_is_left_to_the_steps(void **state)
{
    (void)state;
    each_request(of_odd_funct);
}

/* The proofs name each field of a request on their own. */
static void tls12_ecdhe_fields_are_those_of_the_proofs(void **state)
{
    (void)state;
    const json_t *proofs = lk_vectors_rows(&vectors, "poo"), *row;
    size_t i, matched = 0;
    json_array_foreach(lk_vectors_rows(&vectors, "ecdhe"), i, row) {
        struct lk_tls12_ecdhe e;
        struct lk_bytes payload = payload_of(lk_vectors_hex(&vectors, row, "request"));
        assert_int_equal(lk_tls12_ecdhe_parse(payload, &e), 0);
        const json_t *poo;
        size_t k;
        json_array_foreach(proofs, k, poo) {
            if (!lk_bytes_equal(lk_vectors_hex(&vectors, poo, "vG"), e.poo_point)) continue;
            if (!lk_bytes_equal(lk_vectors_hex(&vectors, poo, "r"), e.poo_r)) continue;
            matched++;
            assert_int_equal(e.group, json_integer_value(json_object_get(poo, "group")));
            assert_true(lk_bytes_equal(e.point, lk_vectors_hex(&vectors, poo, "bG")));
            assert_true(lk_bytes_equal(e.params, lk_vectors_hex(&vectors, poo, "ecdhe_params")));
            struct lk_bytes want = lk_vectors_hex(&vectors, poo, "server_random");
            assert_memory_equal(e.server_random, want.data, 32);
            want = lk_vectors_hex(&vectors, poo, "client_random");
            assert_memory_equal(e.client_random, want.data, 32);
            want = lk_vectors_hex(&vectors, poo, "key_id");
            assert_memory_equal(e.common.key_id, want.data, 5);
            want = lk_vectors_hex(&vectors, poo, "sig_and_hash");
            assert_int_equal(e.sig_and_hash, want.data[0] << 8 | want.data[1]);
            const char *prf = lk_vectors_text(poo, "poo_prf");
            assert_int_equal(e.poo_prf, strcmp(prf, "sha256_128") == 0 ? 1 : 2);
        }
    }
    assert_int_equal(matched, 10);
}

/* --- ecdhe: faults, on the first vector with fields overwritten ------------------------------- */

static struct lk_bytes ecdhe_request(size_t at, uint8_t value)
{
    const json_t *row = json_array_get(lk_vectors_rows(&vectors, "ecdhe"), 0);
    struct lk_bytes payload = payload_of(lk_vectors_hex(&vectors, row, "request"));
    ((uint8_t *)payload.data)[at] = value;
    return payload;
}

static void tls12_ecdhe_faults_have_their_status(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value, want;
    } rows[] = {
        {72, 1, LK_TLS12_INVALID_EC_TYPE},          {72, 2, LK_TLS12_INVALID_EC_TYPE},
        {72, 0, LK_TLS12_INVALID_EC_TYPE},          {74, 22, LK_TLS12_INVALID_EC_CURVE},
        {73, 1, LK_TLS12_INVALID_EC_CURVE},         {74, 24, LK_TLS12_INVALID_PAYLOAD_FORMAT},
        {75, 64, LK_TLS12_INVALID_POO_PRF},         {75, 255, LK_TLS12_INVALID_PAYLOAD_FORMAT},
        {141, 3, LK_TLS12_INVALID_POO_PRF},         {141, 255, LK_TLS12_INVALID_POO_PRF},
        {141, 0, LK_TLS12_INVALID_PAYLOAD_FORMAT},  {142, 64, LK_TLS12_INVALID_PAYLOAD_FORMAT},
        {142, 66, LK_TLS12_INVALID_PAYLOAD_FORMAT}, {142, 255, LK_TLS12_INVALID_PAYLOAD_FORMAT},
        {76, 2, 0 /* the point's form is a step's */},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_bytes payload = ecdhe_request(rows[i].at, rows[i].value);
        assert_int_equal(lk_request_check(LK_TLS12_ECDHE, payload), rows[i].want);
    }
}

/* What is judged when met wins over what is missing behind it, and over later faults. */
static void tls12_ecdhe_faults_come_in_the_order_of_the_fields(void **state)
{
    (void)state;
    struct lk_bytes p = ecdhe_request(72, 1);
    assert_int_equal(lk_request_check(6, lk_bytes_of(p.data, 73)), LK_TLS12_INVALID_EC_TYPE);
    assert_int_equal(lk_request_check(6, lk_bytes_of(p.data, 72)), 3);
    p = ecdhe_request(73, 9);
    assert_int_equal(lk_request_check(6, lk_bytes_of(p.data, 75)), LK_TLS12_INVALID_EC_CURVE);
    assert_int_equal(lk_request_check(6, lk_bytes_of(p.data, 74)), 3);
    p = ecdhe_request(141, 9);
    assert_int_equal(lk_request_check(6, lk_bytes_of(p.data, 142)), LK_TLS12_INVALID_POO_PRF);
    ((uint8_t *)p.data)[73] = 9;
    assert_int_equal(lk_request_check(6, p), LK_TLS12_INVALID_EC_CURVE);
}

/* Lengths of the points are judged after the cut: key, funct and S come before them. */
static void tls12_peek_leaves_point_lengths_to_the_steps(void **state)
{
    (void)state;
    uint8_t payload[72 + 4 + 3 + 1] = {0};
    memcpy(payload + 72, "\x03\x00\x17\x03", 4);
    struct lk_tls12_common common;
    const uint8_t *s;
    struct lk_bytes all = lk_bytes_of(payload, sizeof payload);
    assert_int_equal(lk_tls12_peek(all, LK_TLS12_ECDHE, &common, &s), 0);
    assert_ptr_equal(s, payload + 38);
    assert_int_equal(lk_request_check(LK_TLS12_ECDHE, all), 3);
}

/* The same for the proof's point, with a group point that is as long as it should be. */
static void tls12_ecdhe_proof_points_are_as_long_as_the_groups(void **state)
{
    (void)state;
    for (uint8_t len = 31; len <= 33; len++) {
        uint8_t payload[72 + 4 + 32 + 1 + 1 + 33 + 32] = {0};
        memcpy(payload + 72, "\x03\x00\x1d\x20", 4);
        payload[108] = 1;
        payload[109] = len;
        struct lk_bytes all = lk_bytes_of(payload, 110u + len + 32u);
        assert_int_equal(lk_request_check(LK_TLS12_ECDHE, all), len == 32 ? 0 : 3);
    }
}

/* --- rsa_master ------------------------------------------------------------------------------- */

static void tls12_rsa_master_fields_lie_where_the_table_says(void **state)
{
    (void)state;
    uint8_t payload[71 + 256];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)i;
    struct lk_tls12_rsa_master r;
    struct lk_bytes all = lk_bytes_of(payload, sizeof payload);
    assert_int_equal(lk_tls12_rsa_master_parse(all, &r), 0);
    assert_memory_equal(r.common.key_id, payload, 5);
    assert_int_equal(r.common.freshness, 5);
    assert_int_equal(r.prf_hash, 6);
    assert_ptr_equal(r.client_random, payload + 7);
    assert_ptr_equal(r.server_random, payload + 39);
    assert_ptr_equal(r.encrypted_premaster.data, payload + 71);
    assert_int_equal(r.encrypted_premaster.len, 256);
    assert_int_equal(lk_tls12_rsa_master_parse(lk_bytes_of(payload, 71), &r), 0);
    assert_int_equal(r.encrypted_premaster.len, 0);
}

/* --- groups, signature ------------------------------------------------------------------------ */

static void tls12_groups_have_the_sizes_of_the_table(void **state)
{
    (void)state;
    static const unsigned want[][3] = {
        {23, 65, 32}, {24, 97, 48}, {25, 133, 66}, {29, 32, 32}, {30, 56, 56}};
    unsigned known = 0;
    for (unsigned group = 0; group < 65536; group++)
        known += lk_group_find((uint16_t)group) != NULL;
    assert_int_equal(known, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct lk_group_row *row = lk_group_find((uint16_t)want[i][0]);
        assert_int_equal(row->group, want[i][0]);
        assert_int_equal(row->point_bytes, want[i][1]);
        assert_int_equal(row->scalar_bytes, want[i][2]);
    }
}

static void tls12_signature_is_a_vec16_and_nothing_else(void **state)
{
    (void)state;
    const json_t *row = json_array_get(lk_vectors_rows(&vectors, "ecdhe"), 0);
    struct lk_bytes payload = payload_of(lk_vectors_hex(&vectors, row, "response"));
    struct lk_bytes signature;
    assert_true(lk_tls12_signature_parse(payload, &signature));
    assert_ptr_equal(signature.data, payload.data + 2);
    assert_int_equal(signature.len, 256);
    uint8_t out[258];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_tls12_signature_write(&w, signature);
    assert_true(lk_bytes_equal(lk_bytes_of(out, w.len), payload));
    assert_false(w.bad);
    assert_false(lk_tls12_signature_parse(lk_bytes_of(payload.data, payload.len - 1), &signature));
    ((uint8_t *)payload.data)[1]--;
    assert_false(lk_tls12_signature_parse(payload, &signature));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls12_every_vector_parses_and_writes_to_the_same_bytes),
        cmocka_unit_test(tls12_every_truncation_of_a_vector_is_3),
        cmocka_unit_test(tls12_trailing_bytes_are_3),
        cmocka_unit_test(tls12_key_id_type_is_judged_first),
        cmocka_unit_test(tls12_freshness_funct_is_left_to_the_steps),
        cmocka_unit_test(tls12_ecdhe_fields_are_those_of_the_proofs),
        cmocka_unit_test(tls12_ecdhe_faults_have_their_status),
        cmocka_unit_test(tls12_ecdhe_faults_come_in_the_order_of_the_fields),
        cmocka_unit_test(tls12_peek_leaves_point_lengths_to_the_steps),
        cmocka_unit_test(tls12_ecdhe_proof_points_are_as_long_as_the_groups),
        cmocka_unit_test(tls12_rsa_master_fields_lie_where_the_table_says),
        cmocka_unit_test(tls12_groups_have_the_sizes_of_the_table),
        cmocka_unit_test(tls12_signature_is_a_vec16_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
