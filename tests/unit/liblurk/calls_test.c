/* Slots of calls and bytes on their way: lists, ids that share a place, and that nothing secret is
 * left in memory that is kept. */
#include "tools/liblurk/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/draw.h"
#include "tools/liblurk/growing.h"

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* Ids that all want the same place of the table, taken out in any order. */
static void calls_with_one_place_are_told_apart(void **state)
{
    (void)state;
    enum { MAX = 16 };
    lk_draw_seed();
    for (unsigned round = 0; round < 200; round++) {
        struct lk_calls calls;
        struct lk_call *call[MAX];
        bool there[MAX];
        assert_true(lk_calls_init(&calls, MAX));
        uint64_t stride = lk_draw_below(2) ? 32 : 1; /* all in one place, or in a row */
        for (uint64_t i = 0; i < MAX; i++) {
            struct lk_header header = {.id = i * stride};
            call[i] = lk_calls_take(&calls, &header, LK_CALLS_FLYING);
            assert_non_null(call[i]);
            there[i] = true;
        }
        struct lk_header more = {.id = 999};
        assert_null(lk_calls_take(&calls, &more, LK_CALLS_FLYING));
        for (unsigned gone = 0; gone < MAX;) {
            size_t i = lk_draw_below(MAX);
            if (!there[i]) continue;
            lk_calls_release(&calls, call[i]);
            there[i] = false;
            gone++;
            for (uint64_t k = 0; k < MAX; k++)
                assert_ptr_equal(lk_calls_find(&calls, k * stride), there[k] ? call[k] : NULL);
        }
        assert_int_equal(calls.count, 0);
        lk_calls_fini(&calls);
    }
}

static void tag_of_a_call_that_is_over_is_nobodys(void **state)
{
    (void)state;
    struct lk_calls calls;
    struct lk_header header = {.id = 7};
    assert_true(lk_calls_init(&calls, 1));
    struct lk_call *call = lk_calls_take(&calls, &header, LK_CALLS_FLYING);
    uint32_t tag = lk_calls_tag(&calls, call);
    assert_ptr_equal(lk_calls_find_tag(&calls, tag), call);
    lk_calls_move(&calls, call, LK_CALLS_ENDED);
    assert_null(lk_calls_find_tag(&calls, tag));
    lk_calls_release(&calls, call);
    call = lk_calls_take(&calls, &header, LK_CALLS_FLYING);
    assert_null(lk_calls_find_tag(&calls, tag));
    assert_ptr_equal(lk_calls_find_tag(&calls, lk_calls_tag(&calls, call)), call);
    assert_null(lk_calls_find_tag(&calls, UINT32_MAX));
    lk_calls_fini(&calls);
}

static void copy_of_a_request_is_wiped_with_its_call(void **state)
{
    (void)state;
    struct lk_calls calls;
    struct lk_header header = {.id = 7};
    assert_true(lk_calls_init(&calls, 1));
    struct lk_call *call = lk_calls_take(&calls, &header, LK_CALLS_FLYING);
    assert_true(lk_calls_keep(call, 100));
    memset(call->copy, 0x5e, 100);
    const uint8_t *kept = call->copy; /* small: the slot keeps its memory */
    lk_calls_release(&calls, call);
    assert_true(is_zero(kept, 100));
    call = lk_calls_take(&calls, &header, LK_CALLS_FLYING);
    assert_true(lk_calls_keep(call, 50));
    assert_ptr_equal(call->copy, kept);
    lk_calls_release(&calls, call);
    call = lk_calls_take(&calls, &header, LK_CALLS_FLYING);
    assert_true(lk_calls_keep(call, 60000));
    lk_calls_release(&calls, call);
    assert_null(call->copy); /* large: given back */
    lk_calls_fini(&calls);
}

static void bytes_that_were_taken_are_wiped(void **state)
{
    (void)state;
    struct lk_growing g = {.max = 4096};
    uint8_t *to = lk_growing_room(&g, 1000);
    assert_non_null(to);
    memset(to, 0x5e, 1000);
    lk_growing_add(&g, 1000);
    lk_growing_drop(&g, 600);
    assert_true(is_zero(g.data, 600));
    assert_int_equal(lk_growing_bytes(&g).len, 400);
    /* Room that is only there when what is left moves to the front. */
    assert_non_null(lk_growing_room(&g, g.size - 400));
    assert_int_equal(g.at, 0);
    assert_int_equal(g.data[399], 0x5e);
    assert_true(is_zero(g.data + 400, 600));
    lk_growing_drop(&g, 400);
    assert_true(is_zero(g.data, 1000));
    lk_growing_free(&g);
}

static void bytes_grow_to_their_bound(void **state)
{
    (void)state;
    struct lk_growing g = {.max = 5000};
    assert_int_equal(lk_growing_bytes(&g).len, 0);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t *to = lk_growing_room(&g, 1000);
        assert_non_null(to);
        memset(to, (int)i, 1000);
        lk_growing_add(&g, 1000);
    }
    assert_null(lk_growing_room(&g, 1));
    assert_null(lk_growing_room(&g, SIZE_MAX));
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(lk_growing_bytes(&g).data[1000 * i + 999], i);
    lk_growing_drop(&g, 1000);
    assert_non_null(lk_growing_room(&g, 1000));
    lk_growing_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_with_one_place_are_told_apart),
        cmocka_unit_test(tag_of_a_call_that_is_over_is_nobodys),
        cmocka_unit_test(copy_of_a_request_is_wiped_with_its_call),
        cmocka_unit_test(bytes_that_were_taken_are_wiped),
        cmocka_unit_test(bytes_grow_to_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
