#include "core/wire/tls12.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/wire/header.h"
#include "tests/support/handshake.h"
#include "tests/support/request.h"
#include "tests/support/vectors.h"

enum { FORMAT = LK_TLS12_INVALID_PAYLOAD_FORMAT, CIPHER = LK_TLS12_INVALID_CIPHER_OR_PRF_HASH };

#define BYTES(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

/* The payload in an allocation of exactly its size. */
static struct lk_bytes built(const struct lk_handshake_shape *shape)
{
    uint8_t room[4096];
    size_t len = lk_handshake_build(shape, room, sizeof room);
    uint8_t *exact = malloc(len);
    memcpy(exact, room, len);
    return lk_bytes_of(exact, len);
}

static uint8_t status_of(const struct lk_handshake_shape *shape)
{
    struct lk_bytes payload = built(shape);
    uint8_t status = lk_request_check(shape->type, payload);
    free((void *)payload.data);
    return status;
}

/* Types 4 and 5 need the extended master secret on both sides; the rest of a shape stays as it
 * is. */
static struct lk_handshake_shape shape_for(uint8_t type, const char *sequence, bool datagram)
{
    return (struct lk_handshake_shape){.sequence = sequence, .type = type, .datagram = datagram,
                                       .client_ems = type != 3, .server_ems = type != 3};
}

static void handshake_takes_each_order_of_the_table_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *sequence;
        uint8_t want_3, want_4, want_5;
    } rows[] = {
        {"hHcdk", 0, 0, 0},
        {"hHcsdk", 0, 0, 0},
        {"hHcqdCk", 0, 0, 0},
        {"hHcqdEk", 0, 0, 0},
        {"hHcsqdCk", 0, 0, 0},
        {"hHcqdCkv", 0, FORMAT, 0},
        {"hHcsqdCkv", 0, FORMAT, 0},
        /* certificate_verify without a certificate of the peer */
        {"hHcqdEkv", FORMAT, FORMAT, FORMAT},
        {"hHcdkv", FORMAT, FORMAT, FORMAT},
        /* the peer's certificate exactly with a request */
        {"hHcqdk", FORMAT, FORMAT, FORMAT},
        {"hHcdCk", FORMAT, FORMAT, FORMAT},
        {"hHcdEk", FORMAT, FORMAT, FORMAT},
        /* something is missing */
        {"Hcdk", FORMAT, FORMAT, FORMAT},
        {"hcdk", FORMAT, FORMAT, FORMAT},
        {"hHdk", FORMAT, FORMAT, FORMAT},
        {"hHck", FORMAT, FORMAT, FORMAT},
        {"hHcd", FORMAT, FORMAT, FORMAT},
        {"h", FORMAT, FORMAT, FORMAT},
        /* out of order */
        {"Hhcdk", FORMAT, FORMAT, FORMAT},
        {"hcHdk", FORMAT, FORMAT, FORMAT},
        {"hHscdk", FORMAT, FORMAT, FORMAT},
        {"hHcqsdCk", FORMAT, FORMAT, FORMAT},
        {"hHcdqCk", FORMAT, FORMAT, FORMAT},
        {"hHckd", FORMAT, FORMAT, FORMAT},
        {"hHcqdkC", FORMAT, FORMAT, FORMAT},
        {"hHcqdCvk", FORMAT, FORMAT, FORMAT},
        {"hHEdk", FORMAT, FORMAT, FORMAT}, /* the server always has a certificate */
        /* twice */
        {"hhHcdk", FORMAT, FORMAT, FORMAT},
        {"hHHcdk", FORMAT, FORMAT, FORMAT},
        {"hHccdk", FORMAT, FORMAT, FORMAT},
        {"hHcssdk", FORMAT, FORMAT, FORMAT},
        {"hHcqqdCk", FORMAT, FORMAT, FORMAT},
        {"hHcddk", FORMAT, FORMAT, FORMAT},
        {"hHcqdCCk", FORMAT, FORMAT, FORMAT},
        {"hHcdkk", FORMAT, FORMAT, FORMAT},
        {"hHcqdCkvv", FORMAT, FORMAT, FORMAT},
        /* never */
        {"hHcxdk", FORMAT, FORMAT, FORMAT},
        {"rhHcdk", FORMAT, FORMAT, FORMAT},
        {"hHcrdk", FORMAT, FORMAT, FORMAT},
        {"hVhHcdk", FORMAT, FORMAT, FORMAT},
        {"hHcdkn", FORMAT, FORMAT, FORMAT},
        {"hHcdkrrrrrrrrrrrr", FORMAT, FORMAT, FORMAT}, /* 17 messages */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int datagram = 0; datagram < 2; datagram++) {
            struct lk_handshake_shape s3 = shape_for(3, rows[i].sequence, datagram);
            struct lk_handshake_shape s4 = shape_for(4, rows[i].sequence, datagram);
            struct lk_handshake_shape s5 = shape_for(5, rows[i].sequence, datagram);
            if (status_of(&s3) != rows[i].want_3 || status_of(&s4) != rows[i].want_4
                || status_of(&s5) != rows[i].want_5)
                fail_msg("sequence %s, datagram %d", rows[i].sequence, datagram);
        }
}

static void handshake_fields_are_where_the_messages_put_them(void **state)
{
    (void)state;
    for (int datagram = 0; datagram < 2; datagram++) {
        struct lk_handshake_shape shape = shape_for(5, "hHcqdCkv", datagram);
        struct lk_bytes payload = built(&shape);
        struct lk_tls12_handshake h;
        assert_int_equal(lk_tls12_handshake_parse(payload, 5, &h), 0);
        assert_memory_equal(h.common.key_id, "\0kkkk", 5);
        assert_int_equal(h.datagram, datagram);
        assert_int_equal(h.client_version, datagram ? 0xfefd : 0x0303);
        assert_int_equal(h.cipher_suite, 0x009c);
        assert_ptr_equal(h.messages.data, payload.data + 8);
        assert_int_equal(h.messages.len, payload.len - 8 - 12);
        assert_memory_equal(h.verify_data, "verify_data_", 12);
        size_t head = datagram ? 12 : 4;
        assert_ptr_equal(h.client_random, h.messages.data + head + 2);
        for (size_t i = 0; i < 32; i++) {
            assert_int_equal(h.client_random[i], 0xc1);
            assert_int_equal(h.server_random[i], 0x5e);
        }
        assert_true(h.server_random > h.messages.data + head);
        assert_int_equal(h.certificate.len, 5); /* the first of the server's, not the peer's */
        assert_true(h.certificate.data < h.encrypted_premaster.data);
        assert_memory_equal(h.encrypted_premaster.data, "ciphertext", 10);
        assert_int_equal(h.encrypted_premaster.len, 10);
        /* behind it stands certificate_verify alone: 2 + 2 + 9 bytes and its header */
        assert_int_equal(h.through_key_exchange, h.messages.len - head - 13);
        assert_true(h.ems_client && h.ems_server);
        free((void *)payload.data);
    }
}

static void handshake_type_4_has_no_verify_data(void **state)
{
    (void)state;
    struct lk_handshake_shape shape = shape_for(4, "hHcdk", false);
    struct lk_bytes payload = built(&shape);
    struct lk_tls12_handshake h;
    assert_int_equal(lk_tls12_handshake_parse(payload, 4, &h), 0);
    assert_null(h.verify_data);
    assert_int_equal(h.through_key_exchange, h.messages.len);
    assert_int_equal(lk_tls12_handshake_parse(payload, 5, &h), FORMAT);
    free((void *)payload.data);
}

static void handshake_versions_are_1_2_of_the_layout(void **state)
{
    (void)state;
    static const struct {
        bool datagram;
        uint16_t client, server;
        uint8_t want;
    } rows[] = {
        {false, 0x0303, 0x0303, 0},      {false, 0x0302, 0x0303, FORMAT},
        {false, 0x0303, 0x0302, FORMAT}, {false, 0x0304, 0x0304, FORMAT},
        {false, 0x0303, 0xfefd, FORMAT}, {false, 0xfefd, 0xfefd, FORMAT},
        {true, 0xfefd, 0xfefd, 0},       {true, 0xfeff, 0xfefd, FORMAT},
        {true, 0xfefd, 0xfeff, FORMAT},  {true, 0x0303, 0x0303, FORMAT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_handshake_shape shape = shape_for(5, "hHcdk", rows[i].datagram);
        shape.client_version = rows[i].client;
        shape.server_version = rows[i].server;
        assert_int_equal(status_of(&shape), rows[i].want);
    }
}

static void handshake_suites_are_the_ten_of_the_reference(void **state)
{
    (void)state;
    static const uint16_t want[] = {0x002f, 0x0035, 0x003c, 0x003d, 0x009c,
                                    0x009d, 0xc09c, 0xc09d, 0xc0a0, 0xc0a1};
    size_t count, known = 0;
    const struct lk_rsa_suite_row *rows = lk_rsa_suites(&count);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].suite, want[i]);
        assert_int_equal(rows[i].prf_hash, want[i] == 0x009d ? LK_SHA384 : LK_SHA256);
        struct lk_handshake_shape shape = shape_for(4, "hHcdk", false);
        shape.suite = want[i];
        assert_int_equal(status_of(&shape), 0);
    }
    for (unsigned suite = 0; suite < 65536; suite++)
        known += lk_rsa_suite_find((uint16_t)suite) != NULL;
    assert_int_equal(known, 10);
}

static void handshake_suites_not_offered_or_not_rsa_are_14(void **state)
{
    (void)state;
    struct lk_handshake_shape shape = shape_for(4, "hHcdk", false);
    shape.suite = 0xc02f; /* ECDHE_RSA */
    assert_int_equal(status_of(&shape), CIPHER);
    shape.suite = 0x009c;
    shape.offered = (struct lk_bytes)BYTES("\x00\x9d\x9c\x00\x00\x00\x9c\x00");
    assert_int_equal(status_of(&shape), CIPHER); /* 009c only across an element boundary */
    shape.offered = (struct lk_bytes)BYTES("\x00\x9d\x00\x9c");
    assert_int_equal(status_of(&shape), 0);
}

/* 14 stands in step 2: behind all layout and versions, before the extended master secret. */
static void handshake_faults_come_in_the_order_of_the_steps(void **state)
{
    (void)state;
    struct lk_handshake_shape shape = shape_for(4, "hHcdk", false);
    shape.suite = 0xc02f;
    shape.client_ems = false;
    assert_int_equal(status_of(&shape), CIPHER);
    shape.server_version = 0x0302;
    assert_int_equal(status_of(&shape), FORMAT);
    shape.server_version = 0;
    shape.sequence = "hHcdkn";
    assert_int_equal(status_of(&shape), FORMAT);
}

static void handshake_extended_master_secret_fits_the_type(void **state)
{
    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        bool client = bits & 1, server = bits & 2, others = bits & 4;
        for (uint8_t type = 3; type <= 5; type++) {
            struct lk_handshake_shape shape = {.sequence = "hHcdk", .type = type,
                                               .client_ems = client, .server_ems = server,
                                               .client_extensions = others,
                                               .server_extensions = others};
            bool good = type == 3 ? !server : client && server;
            assert_int_equal(status_of(&shape), good ? 0 : FORMAT);
        }
    }
}

#define R32 "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
#define HELLO "\x03\x03" R32 "\x00\x00\x02\x00\x9c\x01\x00"
#define HELLO_BACK "\x03\x03" R32 "\x00\x00\x9c\x00"
#define EMS "\x00\x17\x00\x00"

/* Bodies that look right but for one thing, in an otherwise good type 3 (TLS layout). */
static void handshake_bodies_are_read_to_their_last_byte(void **state)
{
    (void)state;
    static const struct {
        char letter;
        uint8_t want;
        struct lk_bytes body;
    } rows[] = {
        {'h', 0, BYTES(HELLO)},
        {'h', 0, BYTES(HELLO "\x00\x00")},
        {'h', 0, BYTES(HELLO "\x00\x04" EMS)},
        {'h', FORMAT, BYTES(HELLO "\x00")},
        {'h', FORMAT, BYTES(HELLO "\x00\x04" EMS "x")},
        {'h', FORMAT, BYTES(HELLO "\x00\x03\x00\x17\x00")},
        {'h', FORMAT, BYTES(HELLO "\x00\x05\x00\x17\x00\x01\x00")}, /* not empty */
        {'h', FORMAT, BYTES(HELLO "\x00\x08" EMS EMS)},             /* twice */
        {'h', FORMAT, BYTES(HELLO "\x00\x04\x00\x17\x00\x01")},
        {'h', FORMAT, BYTES("\x03\x03" R32 "\x00\x00\x03\x00\x9c\x00\x01\x00")},
        {'h', FORMAT, BYTES("\x03\x03" R32 "\x00\x00\x00\x01\x00")},
        {'h', FORMAT, BYTES("\x03\x03" R32 "\x00\x00\x02\x00\x9c\x00")},
        {'h', 0, BYTES("\x03\x03" R32 "\x20" R32 "\x00\x02\x00\x9c\x01\x00")},
        {'h', FORMAT, BYTES("\x03\x03" R32 "\x21" R32 "x\x00\x02\x00\x9c\x01\x00")},
        {'h', FORMAT, BYTES("\x03\x03" R32)},
        {'h', FORMAT, BYTES("")},
        {'H', 0, BYTES(HELLO_BACK)},
        {'H', 0, BYTES(HELLO_BACK "\x00\x00")},
        {'H', FORMAT, BYTES(HELLO_BACK "\x00\x04" EMS)}, /* type 3 refuses it */
        {'H', FORMAT, BYTES(HELLO_BACK "\x00")},
        {'H', FORMAT, BYTES("\x03\x03" R32 "\x21" R32 "x\x00\x9c\x00")},
        {'H', FORMAT, BYTES("\x03\x03" R32 "\x00\x00\x9c")},
        {'c', 0, BYTES("\0\0\x5" "\0\0\x2\x30\x00")},
        {'c', FORMAT, BYTES("\0\0\0")},
        {'c', FORMAT, BYTES("\0\0\x3\0\0\0")},
        {'c', FORMAT, BYTES("\0\0\x5\0\0\x2\x31\x00")},
        {'c', FORMAT, BYTES("\0\0\x5\0\0\x2\x30\x01")},
        {'c', FORMAT, BYTES("\0\0\x6\0\0\x3\x30\x00\x00")},
        {'c', FORMAT, BYTES("\0\0\x6\0\0\x3\x30\x81\x00")},
        {'c', FORMAT, BYTES("\0\0\x7\0\0\x4\x30\x82\x00\x00")},
        {'c', FORMAT, BYTES("\0\0\x7\0\0\x4\x30\x80\x00\x00")},
        {'c', FORMAT, BYTES("\0\0\x9\0\0\x6\x30\x84\x00\x00\x00\x00")},
        {'c', FORMAT, BYTES("\0\0\xa\0\0\x2\x30\x00\0\0\x2\x30\x01")},
        {'c', FORMAT, BYTES("\0\0\x4\0\0\x2\x30\x00")},
        {'c', FORMAT, BYTES("\0\0\x5\0\0\x2\x30\x00x")},
        {'c', FORMAT, BYTES("\xff\xff\xff\0\0\x2\x30\x00")},
        {'c', FORMAT, BYTES("\0\0\x5\xff\xff\xff\x30\x00")},
        {'s', FORMAT, BYTES("\x01\0\0\x2o")},
        {'s', FORMAT, BYTES("")},
        {'q', 0, BYTES("\x01\x01\x00\x02\x04\x01\x00\x00")},
        {'q', FORMAT, BYTES("\x00\x00\x02\x04\x01\x00\x00")},
        {'q', FORMAT, BYTES("\x01\x01\x00\x03\x04\x01\x04\x00\x00")},
        {'q', FORMAT, BYTES("\x01\x01\x00\x00\x00\x00")},
        {'q', FORMAT, BYTES("\x01\x01\x00\x02\x04\x01\x00\x02\x00\x00")},
        {'q', FORMAT, BYTES("\x01\x01\x00\x02\x04\x01\x00\x00x")},
        {'d', FORMAT, BYTES("x")},
        {'C', FORMAT, BYTES("\0\0\x5\0\0\x2\x31\x00")},
        {'k', 0, BYTES("\0\0")},
        {'k', FORMAT, BYTES("")},
        {'k', FORMAT, BYTES("\0\x2x")},
        {'k', FORMAT, BYTES("\0\1xx")},
        {'v', FORMAT, BYTES("\4\1\0")},
        {'v', FORMAT, BYTES("\4\1\0\0x")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_handshake_shape shape = shape_for(3, "hHcsqdCkv", false);
        shape.letter = rows[i].letter;
        shape.body = rows[i].body;
        if (status_of(&shape) != rows[i].want) fail_msg("row %zu, %c", i, rows[i].letter);
    }
}

/* Overwrites one byte of the messages. */
static uint8_t status_with(const struct lk_handshake_shape *shape, size_t at, uint8_t value)
{
    struct lk_bytes payload = built(shape);
    ((uint8_t *)payload.data)[8 + at] = value;
    uint8_t status = lk_request_check(shape->type, payload);
    free((void *)payload.data);
    return status;
}

static void handshake_datagram_headers_are_whole(void **state)
{
    (void)state;
    struct lk_handshake_shape shape = shape_for(4, "hHcdk", true);
    assert_int_equal(status_with(&shape, 5, 200), 0);       /* message_seq is not judged */
    assert_int_equal(status_with(&shape, 4, 1), FORMAT);    /* neither 03 nor 00 */
    assert_int_equal(status_with(&shape, 8, 1), FORMAT);    /* fragment_offset */
    assert_int_equal(status_with(&shape, 11, 1), FORMAT);   /* fragment_length */
    assert_int_equal(status_with(&shape, 9, 1), FORMAT);
    assert_int_equal(status_with(&shape, 4, 3), FORMAT);    /* read as TLS it fits no more */
    struct lk_handshake_shape stream = shape_for(4, "hHcdk", false);
    assert_int_equal(status_with(&stream, 4, 0), FORMAT);
    assert_int_equal(status_with(&stream, 1, 0xff), FORMAT); /* 16 MB of client_hello */
}

static void handshake_messages_have_2_to_65534_bytes(void **state)
{
    (void)state;
    static uint8_t payload[8 + 65535];
    for (size_t len = 0; len <= 65535; len += len < 8 ? 1 : 65527 / 7) {
        payload[6] = (uint8_t)(len >> 8);
        payload[7] = (uint8_t)len;
        assert_int_equal(lk_request_check(4, lk_bytes_of(payload, 8 + len)), FORMAT);
    }
    struct lk_tls12_common common;
    const uint8_t *s;
    payload[6] = payload[7] = 0xff; /* outside of the vector: the cut itself refuses */
    assert_int_equal(lk_tls12_peek(lk_bytes_of(payload, 8 + 65535), 4, &common, &s), FORMAT);
    payload[7] = 0xfe; /* inside: the layout does, later */
    assert_int_equal(lk_tls12_peek(lk_bytes_of(payload, 8 + 65534), 4, &common, &s), 0);
    assert_null(s);
}

static void handshake_peek_leaves_the_layout_to_the_steps(void **state)
{
    (void)state;
    struct lk_handshake_shape shape = shape_for(5, "hHcxdk", false);
    struct lk_bytes payload = built(&shape);
    struct lk_tls12_common common;
    const uint8_t *s = payload.data;
    assert_int_equal(lk_tls12_peek(payload, 5, &common, &s), 0);
    assert_null(s);
    assert_memory_equal(common.key_id, "\0kkkk", 5);
    free((void *)payload.data);
}

/* The vectors' certificate is the one their keys name. */
static void handshake_vector_certificate_is_the_keys(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *key = json_object_get(json_object_get(v.root, "keys"), "rsa"), *row;
    struct lk_bytes der = lk_vectors_hex(&v, key, "certificate_der");
    size_t i, seen = 0;
    json_array_foreach(lk_vectors_rows(&v, "rsa"), i, row) {
        struct lk_bytes m = lk_vectors_hex(&v, row, "request");
        if (m.data[2] == LK_TLS12_RSA_MASTER) continue;
        struct lk_tls12_handshake h;
        struct lk_bytes payload = lk_bytes_of(m.data + 16, m.len - 16);
        assert_int_equal(lk_tls12_handshake_parse(payload, m.data[2], &h), 0);
        assert_true(lk_bytes_equal(h.certificate, der));
        assert_int_equal(h.encrypted_premaster.len, 256);
        bool sha384 = strstr(lk_vectors_text(row, "name"), "sha384") != NULL;
        assert_int_equal(lk_rsa_suite_find(h.cipher_suite)->prf_hash, sha384 ? 1 : 0);
        assert_int_equal(h.datagram, strstr(lk_vectors_text(row, "name"), "DTLS") != NULL);
        seen++;
    }
    assert_true(seen >= 5);
    lk_vectors_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_takes_each_order_of_the_table_and_no_other),
        cmocka_unit_test(handshake_fields_are_where_the_messages_put_them),
        cmocka_unit_test(handshake_type_4_has_no_verify_data),
        cmocka_unit_test(handshake_versions_are_1_2_of_the_layout),
        cmocka_unit_test(handshake_suites_are_the_ten_of_the_reference),
        cmocka_unit_test(handshake_suites_not_offered_or_not_rsa_are_14),
        cmocka_unit_test(handshake_faults_come_in_the_order_of_the_steps),
        cmocka_unit_test(handshake_extended_master_secret_fits_the_type),
        cmocka_unit_test(handshake_bodies_are_read_to_their_last_byte),
        cmocka_unit_test(handshake_datagram_headers_are_whole),
        cmocka_unit_test(handshake_messages_have_2_to_65534_bytes),
        cmocka_unit_test(handshake_peek_leaves_the_layout_to_the_steps),
        cmocka_unit_test(handshake_vector_certificate_is_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
