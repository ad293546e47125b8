/* The client's direction of the vectors: their fields give their bytes, their answers their fields.
 */
#include "tools/liblurk/lurk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "core/wire/header.h"
#include "core/wire/tls12.h"
#include "tests/support/vectors.h"

static uint8_t message[LURK_MESSAGE_BYTES_MAX];

static struct lurk_bytes view(struct lk_bytes bytes)
{
    return (struct lurk_bytes){.data = bytes.data, .len = bytes.len};
}

static struct lk_bytes payload_of(struct lk_bytes whole)
{
    return lk_bytes_of(whole.data + LK_HEADER_BYTES, whole.len - LK_HEADER_BYTES);
}

static void assert_message(size_t len, struct lk_bytes want)
{
    lurk_id_set(message, lurk_id_get(want.data));
    assert_int_equal(len, want.len);
    assert_memory_equal(message, want.data, want.len);
}

/* --- tls12 -------------------------------------------------------------------------------------
 */

static int rsa_master_again(struct lk_bytes payload, size_t *len)
{
    struct lk_tls12_rsa_master read;
    assert_int_equal(lk_tls12_rsa_master_parse(payload, &read), 0);
    struct lurk_tls12_rsa_master in = {.size = sizeof in,
                                       .freshness = read.common.freshness,
                                       .prf_hash = read.prf_hash,
                                       .encrypted_premaster = view(read.encrypted_premaster)};
    memcpy(in.key_id, read.common.key_id + 1, 4);
    memcpy(in.client_random, read.client_random, 32);
    memcpy(in.server_random, read.server_random, 32);
    return lurk_tls12_rsa_master_write(&in, message, sizeof message, len);
}

static int handshake_again(struct lk_bytes payload, uint8_t type, size_t *len)
{
    struct lk_tls12_handshake read;
    assert_int_equal(lk_tls12_handshake_cut(payload, type, &read), 0);
    struct lurk_tls12_handshake in = {.size = sizeof in,
                                      .type = type,
                                      .freshness = read.common.freshness,
                                      .messages = view(read.messages)};
    memcpy(in.key_id, read.common.key_id + 1, 4);
    if (read.verify_data != NULL) memcpy(in.verify_data, read.verify_data, 12);
    return lurk_tls12_handshake_write(&in, message, sizeof message, len);
}

static int ecdhe_again(struct lk_bytes payload, size_t *len)
{
    struct lk_tls12_ecdhe read;
    assert_int_equal(lk_tls12_ecdhe_parse(payload, &read), 0);
    struct lurk_proof proof = {.size = sizeof proof,
                               .prf = read.poo_prf,
                               .point_len = (uint8_t)read.poo_point.len,
                               .r_len = (uint8_t)read.poo_r.len};
    if (read.poo_prf != 0) {
        memcpy(proof.point, read.poo_point.data, read.poo_point.len);
        memcpy(proof.r, read.poo_r.data, read.poo_r.len);
    }
    struct lurk_tls12_ecdhe in = {.size = sizeof in,
                                  .freshness = read.common.freshness,
                                  .sig_and_hash = read.sig_and_hash,
                                  .params = view(read.params),
                                  .proof = read.poo_prf != 0 ? &proof : NULL};
    memcpy(in.key_id, read.common.key_id + 1, 4);
    memcpy(in.client_random, read.client_random, 32);
    memcpy(in.server_random, read.server_random, 32);
    return lurk_tls12_ecdhe_write(&in, message, sizeof message, len);
}

static void tls12_requests_are_those_of_the_vectors(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    static const char *const lists[] = {"rsa", "ecdhe"};
    unsigned seen = 0;
    for (size_t l = 0; l < 2; l++) {
        const json_t *row;
        size_t i, len;
        json_array_foreach(lk_vectors_rows(&v, lists[l]), i, row)
        {
            struct lk_bytes request = lk_vectors_hex(&v, row, "request");
            struct lk_bytes answer = lk_vectors_hex(&v, row, "response");
            if (answer.data[3] != 1) continue; /* refused: written wrong on purpose */
            uint8_t type = request.data[2];
            int done = type == LURK_TLS12_RSA_MASTER ? rsa_master_again(payload_of(request), &len)
                       : type == LURK_TLS12_ECDHE
                           ? ecdhe_again(payload_of(request), &len)
                           : handshake_again(payload_of(request), type, &len);
            assert_int_equal(done, LURK_OK);
            assert_message(len, request);
            seen++;
        }
    }
    assert_true(seen >= 20);
    lk_vectors_close(&v);
}

static void tls12_answers_of_the_vectors_are_judged_and_read(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    static const char *const lists[] = {"rsa", "ecdhe", "header"};
    for (size_t l = 0; l < 3; l++) {
        const json_t *row;
        size_t i;
        json_array_foreach(lk_vectors_rows(&v, lists[l]), i, row)
        {
            struct lk_bytes request = lk_vectors_hex(&v, row, "request");
            struct lk_bytes bytes = lk_vectors_hex(&v, row, "response");
            struct lurk_answer answer = {.size = sizeof answer};
            int judged = lurk_answer_judge(request.data, view(bytes), &answer);
            assert_int_equal(answer.status, bytes.data[3]);
            if (bytes.data[3] != 1) {
                assert_int_equal(judged, LURK_ERR_REFUSED);
                assert_true(answer.has_state);
                assert_memory_equal(answer.state, bytes.data + 16, 4);
                continue;
            }
            assert_int_equal(judged, LURK_OK);
            uint8_t master[48];
            struct lurk_bytes signature;
            if (l == 0) {
                assert_int_equal(lurk_tls12_master_read(&answer, master), LURK_OK);
                assert_memory_equal(master, bytes.data + 16, 48);
                assert_int_equal(lurk_signature_read(&answer, &signature), LURK_ERR_ARGUMENT);
            } else if (l == 1) {
                assert_int_equal(lurk_signature_read(&answer, &signature), LURK_OK);
                assert_int_equal(signature.len, bytes.len - 18);
                assert_int_equal(lurk_tls12_master_read(&answer, master), LURK_ERR_ARGUMENT);
            } else {
                assert_int_equal(lurk_ping_read(&answer), LURK_OK);
            }
        }
    }
    lk_vectors_close(&v);
}

static void hello_randoms_are_those_of_the_vectors(void **state)
{
    (void)state;
    struct lk_vectors v;
    uint8_t random[32];
    const json_t *row;
    size_t i;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    json_array_foreach(lk_vectors_rows(&v, "freshness"), i, row)
    {
        lurk_tls12_hello_random(lk_vectors_hex(&v, row, "server_random_sent").data, random);
        assert_memory_equal(random, lk_vectors_hex(&v, row, "ServerHello.random").data, 32);
    }
    lk_vectors_close(&v);
    if (!lk_vectors_open(&v, "lurk/tls13.json")) skip();
    unsigned seen = 0;
    json_array_foreach(lk_vectors_rows(&v, "freshness"), i, row)
    {
        static const char *const names[] = {"sha256", "sha384", "sha512"};
        if (strcmp(lk_vectors_text(row, "side"), "srv") != 0) continue;
        for (uint8_t hash = 0; hash < 3; hash++) {
            if (strcmp(lk_vectors_text(row, "freshness"), names[hash]) != 0) continue;
            assert_int_equal(
                lurk_tls13_hello_random(hash, lk_vectors_hex(&v, row, "random_sent").data, random),
                LURK_OK);
            assert_memory_equal(random, lk_vectors_hex(&v, row, "hello_random").data, 32);
            seen++;
        }
    }
    assert_int_equal(seen, 3);
    assert_int_equal(lurk_tls13_hello_random(3, random, random), LURK_ERR_ARGUMENT);
    lk_vectors_close(&v);
}

/* --- S ------------------------------------------------------------------------------------------
 */

static void drawn_s_has_time_and_mark_and_is_new(void **state)
{
    (void)state;
    static const uint8_t mark[] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44};
    uint8_t a[32], b[32], random[32];
    assert_int_equal(lurk_tls12_s_draw(0x65f0a000, LURK_MARK_NONE, a), LURK_OK);
    assert_int_equal(lurk_tls12_s_draw(0x65f0a000, LURK_MARK_NONE, b), LURK_OK);
    assert_memory_equal(a, "\x65\xf0\xa0\x00", 4);
    assert_memory_not_equal(a + 4, b + 4, 28);
    for (int which = LURK_MARK_TLS12; which <= LURK_MARK_TLS11; which++) {
        assert_int_equal(lurk_tls12_s_draw(1, (enum lurk_mark)which, a), LURK_OK);
        assert_memory_equal(a + 24, mark, 7);
        assert_int_equal(a[31], which == LURK_MARK_TLS12 ? 1 : 0);
        lurk_tls12_hello_random(a, random);
        assert_memory_equal(random + 24, a + 24, 8);
        assert_memory_not_equal(random + 4, a + 4, 20);
    }
    assert_int_equal(lurk_tls12_s_draw(1, (enum lurk_mark)3, a), LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_tls13_s_draw(a), LURK_OK);
    assert_int_equal(lurk_tls13_s_draw(b), LURK_OK);
    assert_memory_not_equal(a, b, 32);
}

/* --- bad callers --------------------------------------------------------------------------------
 */

static void message_too_long_for_room_or_wire_is_refused(void **state)
{
    (void)state;
    static const uint8_t much[LURK_MESSAGE_BYTES_MAX];
    struct lurk_tls12_rsa_master in = {.size = sizeof in,
                                       .encrypted_premaster = {.data = much, .len = 256}};
    size_t len = 0;
    for (size_t room = 0; room < 16 + 71 + 256; room += 7)
        assert_int_equal(lurk_tls12_rsa_master_write(&in, message, room, &len), LURK_ERR_ROOM);
    assert_int_equal(lurk_tls12_rsa_master_write(&in, message, 16 + 71 + 256, &len), LURK_OK);
    in.encrypted_premaster.len = LURK_MESSAGE_BYTES_MAX - 16 - 71;
    assert_int_equal(lurk_tls12_rsa_master_write(&in, message, sizeof message, &len), LURK_OK);
    assert_int_equal(len, LURK_MESSAGE_BYTES_MAX);
    in.encrypted_premaster.len++;
    assert_int_equal(lurk_tls12_rsa_master_write(&in, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
}

static void struct_of_no_size_is_refused(void **state)
{
    (void)state;
    size_t len;
    struct lurk_tls12_rsa_master master = {.size = 0};
    struct lurk_tls12_ecdhe ecdhe = {.size = sizeof ecdhe - 1};
    struct lurk_tls12_handshake handshake = {.size = sizeof handshake};
    assert_int_equal(lurk_tls12_rsa_master_write(&master, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_tls12_rsa_master_write(NULL, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_tls12_ecdhe_write(&ecdhe, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_tls12_handshake_write(&handshake, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_ping_write((enum lurk_extension)7, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
}

/* What a program was compiled with may be larger than what we know. */
static void struct_of_a_later_header_is_understood(void **state)
{
    (void)state;
    struct {
        struct lurk_tls12_rsa_master now;
        uint8_t later[64];
    } in = {.now = {.size = sizeof in, .encrypted_premaster = {.data = message, .len = 16}}};
    struct {
        struct lurk_answer now;
        uint8_t later[8];
    } answer = {.now = {.size = sizeof answer}, .later = "keep it"};
    size_t len;
    uint8_t out[256];
    assert_int_equal(lurk_tls12_rsa_master_write(&in.now, out, sizeof out, &len), LURK_OK);
    assert_int_equal(len, 16 + 71 + 16);
    lurk_ping_write(LURK_LURK, out, sizeof out, &len);
    uint8_t pong[16];
    memcpy(pong, out, 16);
    pong[3] = 1;
    struct lurk_bytes bytes = {.data = pong, .len = 16};
    assert_int_equal(lurk_answer_judge(out, bytes, &answer.now), LURK_OK);
    assert_int_equal(answer.now.size, sizeof answer);
    assert_string_equal((char *)answer.later, "keep it");
}

/* --- the rules of lurk.md 6 ----------------------------------------------------------------------
 */

static const uint8_t request[16] = {1, 1, 6, 0, 9, 8, 7, 6, 5, 4, 3, 2, 0, 0, 0, 16};

static int judge(const char *head, const char *payload, size_t payload_len,
                 struct lurk_answer *answer)
{
    static uint8_t bytes[64];
    memcpy(bytes, request, 16);
    memcpy(bytes, head, 4);
    memcpy(bytes + 16, payload, payload_len);
    bytes[15] = (uint8_t)(16 + payload_len);
    *answer = (struct lurk_answer){.size = sizeof *answer};
    return lurk_answer_judge(request, (struct lurk_bytes){.data = bytes, .len = 16 + payload_len},
                             answer);
}

static void answer_is_judged_by_the_rules(void **state)
{
    (void)state;
    static const struct {
        const char *head; /* designation, version, type, status */
        size_t payload;
        int judged;
    } rows[] = {
        {"\1\1\6\1", 9, LURK_OK},
        {"\1\1\6\0", 0, LURK_ERR_STRAY},  /* 2: status 0 */
        {"\2\1\6\1", 9, LURK_ERR_ANSWER}, /* 3: success of another extension, version, type */
        {"\1\2\6\1", 9, LURK_ERR_ANSWER},
        {"\1\1\5\1", 9, LURK_ERR_ANSWER},
        {"\0\1\6\1", 9, LURK_ERR_ANSWER},
        {"\1\1\6\5", 4, LURK_ERR_REFUSED}, /* 4: own */
        {"\1\1\6\5", 0, LURK_ERR_REFUSED},
        {"\0\1\6\5", 4, LURK_ERR_REFUSED}, /* 4: the layer's */
        {"\0\1\6\5", 0, LURK_ERR_REFUSED},
        {"\0\2\6\5", 4, LURK_ERR_ANSWER}, /* 4: a version nobody asked in */
        {"\2\1\6\5", 4, LURK_ERR_ANSWER}, /* 4: a third designation */
        {"\1\1\5\5", 4, LURK_ERR_ANSWER}, /* the type is always copied */
        {"\1\1\6\5", 1, LURK_ERR_ANSWER}, /* 4: another length */
        {"\1\1\6\5", 3, LURK_ERR_ANSWER},
        {"\1\1\6\5", 5, LURK_ERR_ANSWER},
        {"\0\1\6\5", 8, LURK_ERR_ANSWER},
        {"\0\1\6\7", 4, LURK_ERR_BUSY}, /* 5 */
        {"\0\1\6\7", 0, LURK_ERR_BUSY},
        {"\1\1\6\7", 4, LURK_ERR_REFUSED}, /* invalid_freshness_funct, which waiting cures not */
        {"\1\1\6\xff", 4, LURK_ERR_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lurk_answer answer;
        assert_int_equal(judge(rows[i].head, "123456789", rows[i].payload, &answer),
                         rows[i].judged);
        if (rows[i].judged != LURK_ERR_REFUSED) continue;
        assert_int_equal(answer.has_state, rows[i].payload == 4);
        assert_int_equal(answer.extension, rows[i].head[0]);
    }
}

static void answer_of_another_id_or_length_is_none(void **state)
{
    (void)state;
    uint8_t bytes[20] = {1, 1, 6, 1};
    memcpy(bytes + 4, request + 4, 12);
    struct lurk_answer answer = {.size = sizeof answer};
    bytes[11] ^= 1;
    assert_int_equal(lurk_answer_judge(request, (struct lurk_bytes){bytes, 16}, &answer),
                     LURK_ERR_STRAY);
    bytes[11] ^= 1;
    assert_int_equal(lurk_answer_judge(request, (struct lurk_bytes){bytes, 17}, &answer),
                     LURK_ERR_ANSWER);
    assert_int_equal(lurk_answer_judge(request, (struct lurk_bytes){bytes, 15}, &answer),
                     LURK_ERR_ANSWER);
    assert_int_equal(lurk_answer_judge(request, (struct lurk_bytes){NULL, 0}, &answer),
                     LURK_ERR_ANSWER);
}

/* 3: the payload to its end. */
static void payload_is_read_to_its_end(void **state)
{
    (void)state;
    struct lurk_answer answer;
    struct lurk_bytes signature;
    assert_int_equal(judge("\1\1\6\1", "\0\2ab", 4, &answer), LURK_OK);
    assert_int_equal(lurk_signature_read(&answer, &signature), LURK_OK);
    assert_int_equal(signature.len, 2);
    static const struct {
        const char *payload;
        size_t len;
    } bad[] = {{"\0\2ab", 3}, {"\0\2abc", 5}, {"\0\3ab", 4}, {"\0\0", 2}, {"\0", 1}, {"", 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(judge("\1\1\6\1", bad[i].payload, bad[i].len, &answer), LURK_OK);
        assert_int_equal(lurk_signature_read(&answer, &signature), LURK_ERR_ANSWER);
    }
}

static void names_are_those_of_the_registry(void **state)
{
    (void)state;
    assert_string_equal(lurk_status_name(LURK_TLS12, 13), "invalid_poo");
    assert_string_equal(lurk_status_name(LURK_LURK, 7), "temporary_failure");
    assert_string_equal(lurk_status_name(LURK_TLS13, 17), "invalid_signature_scheme");
    assert_string_equal(lurk_status_name(LURK_TLS13, 13), "unknown");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 19), "invalid_digest");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 20), "invalid_cert_request");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 21), "invalid_cert_name");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 22), "too_many_requests");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 23), "unknown");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 1), "success");
    assert_string_equal(lurk_status_name(LURK_SPLIT, 255), "unknown");
    assert_string_equal(lurk_exchange_name(LURK_TLS12, LURK_TLS12_ECDHE), "tls12.ecdhe");
    assert_string_equal(lurk_exchange_name(9, 9), "unknown");
    assert_string_equal(lurk_error_name(LURK_ERR_SHARE), "LURK_ERR_SHARE");
    for (int error = LURK_OK; error >= LURK_ERR_LEAVING; error--)
        assert_string_not_equal(lurk_error_name(error), "unknown");
    assert_string_equal(lurk_error_name(LURK_ERR_LEAVING - 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls12_requests_are_those_of_the_vectors),
        cmocka_unit_test(tls12_answers_of_the_vectors_are_judged_and_read),
        cmocka_unit_test(hello_randoms_are_those_of_the_vectors),
        cmocka_unit_test(drawn_s_has_time_and_mark_and_is_new),
        cmocka_unit_test(message_too_long_for_room_or_wire_is_refused),
        cmocka_unit_test(struct_of_no_size_is_refused),
        cmocka_unit_test(struct_of_a_later_header_is_understood),
        cmocka_unit_test(answer_is_judged_by_the_rules),
        cmocka_unit_test(answer_of_another_id_or_length_is_none),
        cmocka_unit_test(payload_is_read_to_its_end),
        cmocka_unit_test(names_are_those_of_the_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
