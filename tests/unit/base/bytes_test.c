#include "core/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static const uint8_t counting[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

static void bytes_cursor_reads_big_endian(void **state)
{
    (void)state;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(counting, 18));
    assert_int_equal(lk_cursor_u8(&c), 0x01);
    assert_int_equal(lk_cursor_u16(&c), 0x0203);
    assert_int_equal(lk_cursor_u24(&c), 0x040506);
    assert_int_equal(lk_cursor_u32(&c), 0x0708090a);
    assert_int_equal(lk_cursor_u64(&c), 0x0b0c0d0e0f101112ull);
    assert_true(lk_cursor_done(&c));
}

static void bytes_cursor_stays_bad(void **state)
{
    (void)state;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(counting, 3));
    assert_int_equal(lk_cursor_u32(&c), 0);
    assert_true(c.bad);
    /* three bytes are there, and are not given out any more */
    assert_int_equal(lk_cursor_u8(&c), 0);
    assert_int_equal(lk_cursor_take(&c, 0).len, 0);
    assert_int_equal(lk_cursor_vec8(&c).len, 0);
    assert_false(lk_cursor_done(&c));
}

static void bytes_cursor_done_needs_every_byte(void **state)
{
    (void)state;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(counting, 2));
    assert_false(lk_cursor_done(&c));
    (void)lk_cursor_u8(&c);
    assert_false(lk_cursor_done(&c));
    (void)lk_cursor_u8(&c);
    assert_true(lk_cursor_done(&c));
    (void)lk_cursor_u8(&c);
    assert_false(lk_cursor_done(&c));
}

static void bytes_cursor_reads_nothing_from_nothing(void **state)
{
    (void)state;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(NULL, 0));
    assert_true(lk_cursor_done(&c));
    assert_int_equal(lk_cursor_take(&c, 0).len, 0);
    assert_true(lk_cursor_done(&c));
    assert_int_equal(lk_cursor_u8(&c), 0);
    assert_true(c.bad);
}

typedef struct lk_bytes (*vec_fn)(struct lk_cursor *c);
static const vec_fn vecs[] = {lk_cursor_vec8, lk_cursor_vec16, lk_cursor_vec24, lk_cursor_vec32};

/* A count of 1 to 4 bytes, then `have` bytes; exactly `want` of them are asked for. */
static struct lk_cursor vec_of(unsigned width, uint32_t want, size_t have, uint8_t **memory)
{
    *memory = calloc(1, width + have);
    for (unsigned i = 0; i < width; i++)
        (*memory)[i] = (uint8_t)(want >> (8 * (width - 1 - i)));
    return lk_cursor_of(lk_bytes_of(*memory, width + have));
}

static void bytes_vector_is_its_count(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 4; width++)
        for (uint32_t want = 0; want < 5; want++) {
            uint8_t *memory;
            struct lk_cursor c = vec_of(width, want, 3, &memory);
            struct lk_bytes got = vecs[width - 1](&c);
            assert_int_equal(c.bad, want > 3);
            assert_int_equal(got.len, want > 3 ? 0 : want);
            if (want <= 3) assert_ptr_equal(got.data, memory + width);
            free(memory);
        }
}

static void bytes_vector_count_at_its_end_reaches_nowhere(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 4; width++) {
        uint32_t most = width == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * width)) - 1;
        uint8_t *memory;
        struct lk_cursor c = vec_of(width, most, 7, &memory);
        assert_int_equal(vecs[width - 1](&c).len, 0);
        assert_true(c.bad);
        free(memory);
        memory = malloc(width); /* the count itself is cut */
        memset(memory, 0, width);
        c = lk_cursor_of(lk_bytes_of(memory, width - 1));
        assert_int_equal(vecs[width - 1](&c).len, 0);
        assert_true(c.bad);
        free(memory);
    }
}

static void bytes_take_of_any_size_stays_inside(void **state)
{
    (void)state;
    static const size_t sizes[] = {4, 5, 0x7fffffff, 0xffffffff, SIZE_MAX / 2, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lk_cursor c = lk_cursor_of(lk_bytes_of(counting, 3));
        assert_int_equal(lk_cursor_take(&c, sizes[i]).len, 0);
        assert_true(c.bad);
    }
}

static void bytes_writer_mirrors_the_cursor(void **state)
{
    (void)state;
    uint8_t out[18];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_writer_u8(&w, 0x01);
    lk_writer_u16(&w, 0x0203);
    lk_writer_u24(&w, 0x040506);
    lk_writer_u32(&w, 0x0708090a);
    lk_writer_u64(&w, 0x0b0c0d0e0f101112ull);
    assert_false(w.bad);
    assert_int_equal(w.len, 18);
    assert_memory_equal(out, counting, 18);
}

static void bytes_writer_stays_bad_and_inside(void **state)
{
    (void)state;
    uint8_t *out = malloc(3);
    struct lk_writer w = lk_writer_of(out, 3);
    lk_writer_u16(&w, 0xaabb);
    lk_writer_u16(&w, 0xccdd);
    assert_true(w.bad);
    assert_int_equal(w.len, 2);
    lk_writer_u8(&w, 0xee); /* would fit, but the message is lost */
    assert_int_equal(w.len, 2);
    assert_null(lk_writer_room(&w, 0));
    w = lk_writer_of(out, 3);
    assert_null(lk_writer_room(&w, SIZE_MAX));
    assert_true(w.bad);
    free(out);
}

static void bytes_writer_fills_counts_of_what_follows(void **state)
{
    (void)state;
    uint8_t out[64];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    size_t outer = lk_writer_reserve(&w, 2);
    size_t inner = lk_writer_reserve(&w, 1);
    lk_writer_put(&w, "abc", 3);
    lk_writer_fill(&w, inner, 1);
    lk_writer_vec24(&w, lk_bytes_of("de", 2));
    lk_writer_fill(&w, outer, 2);
    assert_false(w.bad);
    assert_int_equal(w.len, 11);
    assert_memory_equal(out, "\x00\x09\x03" "abc" "\x00\x00\x02" "de", 11);
}

static void bytes_writer_refuses_what_a_count_cannot_say(void **state)
{
    (void)state;
    static uint8_t out[70000], data[66000];
    static const struct {
        void (*put)(struct lk_writer *w, struct lk_bytes bytes);
        size_t most, head;
    } rows[] = {{lk_writer_vec8, 255, 1}, {lk_writer_vec16, 65535, 2}};
    for (size_t i = 0; i < 2; i++) {
        struct lk_writer w = lk_writer_of(out, sizeof out);
        rows[i].put(&w, lk_bytes_of(data, rows[i].most));
        assert_false(w.bad);
        assert_int_equal(w.len, rows[i].most + rows[i].head);
        w = lk_writer_of(out, sizeof out);
        rows[i].put(&w, lk_bytes_of(data, rows[i].most + 1));
        assert_true(w.bad);
    }
}

static void bytes_equal_compares_length_and_content(void **state)
{
    (void)state;
    assert_true(lk_bytes_equal(lk_bytes_of(NULL, 0), lk_bytes_of(counting, 0)));
    assert_true(lk_bytes_equal(lk_bytes_of("ab", 2), lk_bytes_of("ab", 2)));
    assert_false(lk_bytes_equal(lk_bytes_of("ab", 2), lk_bytes_of("ac", 2)));
    assert_false(lk_bytes_equal(lk_bytes_of("ab", 2), lk_bytes_of("ab", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_cursor_reads_big_endian),
        cmocka_unit_test(bytes_cursor_stays_bad),
        cmocka_unit_test(bytes_cursor_done_needs_every_byte),
        cmocka_unit_test(bytes_cursor_reads_nothing_from_nothing),
        cmocka_unit_test(bytes_vector_is_its_count),
        cmocka_unit_test(bytes_vector_count_at_its_end_reaches_nowhere),
        cmocka_unit_test(bytes_take_of_any_size_stays_inside),
        cmocka_unit_test(bytes_writer_mirrors_the_cursor),
        cmocka_unit_test(bytes_writer_stays_bad_and_inside),
        cmocka_unit_test(bytes_writer_fills_counts_of_what_follows),
        cmocka_unit_test(bytes_writer_refuses_what_a_count_cannot_say),
        cmocka_unit_test(bytes_equal_compares_length_and_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
