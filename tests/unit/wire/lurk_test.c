#include "core/wire/lurk.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/vectors.h"

static void lurk_capabilities_write_the_example_and_its_state(void **state)
{
    (void)state;
    /* lurk.md 8 */
    static const uint8_t front[] = {0x00, 0x08, 0x00, 0x01, 0x01, 0x01, 0x02, 0x01, 0xf0, 0x01};
    uint8_t digest[32], out[64];
    SHA256(front, sizeof front, digest);
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_writer_u8(&w, 0xee); /* what stands in front of the payload is no part of it */
    lk_lurk_capabilities_write(&w, lk_bytes_of(front + 2, 8));
    assert_false(w.bad);
    assert_int_equal(w.len, 1 + sizeof front + 4);
    assert_memory_equal(out + 1, front, sizeof front);
    assert_memory_equal(out + 1 + sizeof front, digest, 4);
}

static void lurk_capabilities_parse_what_write_wrote(void **state)
{
    (void)state;
    uint8_t pairs[2 * 200], out[512];
    for (size_t i = 0; i < sizeof pairs; i++)
        pairs[i] = (uint8_t)(i / 2);
    for (size_t len = 0; len <= sizeof pairs; len += 2) {
        struct lk_writer w = lk_writer_of(out, sizeof out);
        lk_lurk_capabilities_write(&w, lk_bytes_of(pairs, len));
        struct lk_lurk_capabilities got;
        assert_true(lk_lurk_capabilities_parse(lk_bytes_of(out, w.len), &got));
        assert_true(lk_bytes_equal(got.extensions, lk_bytes_of(pairs, len)));
        assert_memory_equal(got.state, out + w.len - 4, 4);
    }
}

static void lurk_capabilities_end_exactly(void **state)
{
    (void)state;
    static const uint8_t good[] = {0, 4, 0, 1, 1, 1, 's', 's', 's', 's', 'x'};
    struct lk_lurk_capabilities got;
    for (size_t len = 0; len <= sizeof good; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);
        memcpy(exact, good, len);
        assert_int_equal(lk_lurk_capabilities_parse(lk_bytes_of(exact, len), &got), len == 10);
        free(exact);
    }
    static const uint8_t odd[] = {0, 3, 0, 1, 1, 's', 's', 's', 's'};
    assert_false(lk_lurk_capabilities_parse(lk_bytes_of(odd, sizeof odd), &got));
    static const uint8_t far[] = {0xff, 0xff, 0, 1, 's', 's', 's', 's'};
    assert_false(lk_lurk_capabilities_parse(lk_bytes_of(far, sizeof far), &got));
}

static void lurk_capabilities_without_room_turn_the_writer_bad(void **state)
{
    (void)state;
    for (size_t room = 0; room < 10; room++) {
        uint8_t *exact = malloc(room > 0 ? room : 1);
        struct lk_writer w = lk_writer_of(exact, room);
        lk_lurk_capabilities_write(&w, lk_bytes_of("\x00\x01\x01\x01", 4));
        assert_true(w.bad);
        free(exact);
    }
}

/* Every refused request of the vectors, answered; the state there is another server's. */
static void lurk_errors_are_those_of_the_vectors(void **state)
{
    (void)state;
    static const char *const arrays[] = {"header", "rsa", "ecdhe"};
    struct lk_vectors v;
    size_t answered = 0;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    for (size_t a = 0; a < 3; a++) {
        const json_t *row;
        size_t i;
        json_array_foreach(lk_vectors_rows(&v, arrays[a]), i, row) {
            struct lk_bytes want = lk_vectors_hex(&v, row, "response");
            if (want.data[3] == LK_STATUS_SUCCESS) continue;
            struct lk_cursor c = lk_cursor_of(lk_vectors_hex(&v, row, "request"));
            struct lk_header request;
            lk_header_read(&c, &request);
            uint8_t out[32];
            struct lk_writer w = lk_writer_of(out, sizeof out);
            lk_lurk_error_write(&w, &request, want.data[0] != LK_EXT_LURK, want.data[3],
                                want.data + want.len - 4);
            assert_false(w.bad);
            assert_true(lk_bytes_equal(lk_bytes_of(out, w.len), want));
            answered++;
        }
    }
    assert_true(answered >= 12);
    lk_vectors_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lurk_capabilities_write_the_example_and_its_state),
        cmocka_unit_test(lurk_capabilities_parse_what_write_wrote),
        cmocka_unit_test(lurk_capabilities_end_exactly),
        cmocka_unit_test(lurk_capabilities_without_room_turn_the_writer_bad),
        cmocka_unit_test(lurk_errors_are_those_of_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
