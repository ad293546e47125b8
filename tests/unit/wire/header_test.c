#include "core/wire/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/vectors.h"

#define PING "\x01\x01\x01\x00\x00\x01\x02\x03\x04\x05\x06\x07\x00\x00\x00\x10"

static void header_reads_and_writes_the_vectors(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *row;
    size_t i;
    json_array_foreach(lk_vectors_rows(&v, "header"), i, row) {
        struct lk_bytes both[] = {lk_vectors_hex(&v, row, "request"),
                                  lk_vectors_hex(&v, row, "response")};
        for (size_t k = 0; k < 2; k++) {
            struct lk_cursor c = lk_cursor_of(both[k]);
            struct lk_header h;
            lk_header_read(&c, &h);
            assert_false(c.bad);
            assert_int_equal(h.id, 0x0001020304050607ull);
            assert_int_equal(h.length, both[k].len);
            assert_int_equal(h.type, both[k].data[2]);
            uint8_t out[LK_HEADER_BYTES];
            struct lk_writer w = lk_writer_of(out, sizeof out);
            lk_header_write(&w, &h);
            assert_false(w.bad);
            assert_memory_equal(out, both[k].data, LK_HEADER_BYTES);
        }
    }
    lk_vectors_close(&v);
}

static void header_keeps_each_field_apart(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x81, 0x82, 0x83, 0x84, 0x91, 0x92, 0x93, 0x94,
                                    0x95, 0x96, 0x97, 0x98, 0xa1, 0xa2, 0xa3, 0xa4};
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(bytes, sizeof bytes));
    struct lk_header h;
    lk_header_read(&c, &h);
    assert_true(lk_cursor_done(&c));
    assert_int_equal(h.designation, 0x81);
    assert_int_equal(h.version, 0x82);
    assert_int_equal(h.type, 0x83);
    assert_int_equal(h.status, 0x84);
    assert_int_equal(h.id, 0x9192939495969798ull);
    assert_int_equal(h.length, 0xa1a2a3a4);
}

static void header_short_of_16_bytes_is_bad(void **state)
{
    (void)state;
    for (size_t len = 0; len < LK_HEADER_BYTES; len++) {
        uint8_t *exact = malloc(len + 1);
        memcpy(exact, PING, len);
        struct lk_cursor c = lk_cursor_of(lk_bytes_of(exact, len));
        struct lk_header h;
        lk_header_read(&c, &h);
        assert_true(c.bad);
        struct lk_bytes message;
        assert_int_equal(lk_header_next(lk_bytes_of(exact, len), 65535, &message), LK_CUT_MORE);
        assert_int_equal(message.len, 0);
        free(exact);
    }
}

static void header_cut_takes_messages_one_by_one(void **state)
{
    (void)state;
    uint8_t stream[16 + 17 + 16];
    memcpy(stream, PING, 16);
    memcpy(stream + 16, PING "x", 17);
    stream[16 + 15] = 17;
    memcpy(stream + 33, PING, 16);
    struct lk_bytes message;
    assert_int_equal(lk_header_next(lk_bytes_of(stream, 49), 65535, &message), LK_CUT_MESSAGE);
    assert_ptr_equal(message.data, stream);
    assert_int_equal(message.len, 16);
    assert_int_equal(lk_header_next(lk_bytes_of(stream + 16, 33), 65535, &message),
                     LK_CUT_MESSAGE);
    assert_ptr_equal(message.data, stream + 16);
    assert_int_equal(message.len, 17);
    for (size_t have = 0; have < 17; have++)
        assert_int_equal(lk_header_next(lk_bytes_of(stream + 16, have), 65535, &message),
                         LK_CUT_MORE);
}

/* lurk.md 4: a length below 16 or above the limit loses the cut, however little has arrived. */
static void header_cut_is_lost_at_an_impossible_length(void **state)
{
    (void)state;
    static const struct {
        uint32_t length, limit;
        enum lk_cut want;
    } rows[] = {
        {0, 65535, LK_CUT_LOST},          {15, 65535, LK_CUT_LOST},
        {16, 65535, LK_CUT_MESSAGE},      {17, 65535, LK_CUT_MORE},
        {65535, 65535, LK_CUT_MORE},      {65536, 65535, LK_CUT_LOST},
        {0x80000000u, 65535, LK_CUT_LOST}, {0xffffffffu, 65535, LK_CUT_LOST},
        {1024, 1024, LK_CUT_MORE},        {1025, 1024, LK_CUT_LOST},
        {17, 16, LK_CUT_LOST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[LK_HEADER_BYTES];
        struct lk_writer w = lk_writer_of(bytes, sizeof bytes);
        lk_header_write(&w, &(struct lk_header){.designation = 1, .version = 1, .type = 1,
                                                .id = 7, .length = rows[i].length});
        struct lk_bytes message;
        enum lk_cut cut = lk_header_next(lk_bytes_of(bytes, 16), rows[i].limit, &message);
        assert_int_equal(cut, rows[i].want);
        assert_int_equal(message.len, cut == LK_CUT_MORE ? 0 : 16);
        assert_ptr_equal(message.data, bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_reads_and_writes_the_vectors),
        cmocka_unit_test(header_keeps_each_field_apart),
        cmocka_unit_test(header_short_of_16_bytes_is_bad),
        cmocka_unit_test(header_cut_takes_messages_one_by_one),
        cmocka_unit_test(header_cut_is_lost_at_an_impossible_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
