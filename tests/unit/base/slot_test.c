#include "core/base/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

static void slot_map_places_every_slot_once_inside_its_bytes(void **state)
{
    (void)state;
    enum { LOOPS = 3, SMALL = 5, LARGE = 2 };
    size_t bytes = lk_slot_map_bytes(LOOPS, SMALL, LARGE);
    uint8_t *base = malloc(bytes);
    struct lk_slot_map map = {
        .base = base, .loops = LOOPS, .small_per_loop = SMALL, .large_per_loop = LARGE};
    uint32_t per_loop[LOOPS] = {0};
    uint8_t *expected = base;
    for (uint32_t i = 0; i < lk_slot_count(&map); i++) {
        uint32_t room, loop;
        struct lk_slot *slot = lk_slot_at(&map, i, &room, &loop);
        assert_ptr_equal(slot, expected);
        assert_int_equal(room, i < LOOPS * SMALL ? LK_SLOT_SMALL_BODY_BYTES : LK_SLOT_LARGE_BODY_BYTES);
        expected += LK_SLOT_HEAD_BYTES + room;
        assert_true(loop < LOOPS);
        per_loop[loop]++;
    }
    assert_ptr_equal(expected, base + bytes);
    for (unsigned l = 0; l < LOOPS; l++)
        assert_int_equal(per_loop[l], SMALL + LARGE);
    free(base);
}

static void slot_map_has_nothing_outside(void **state)
{
    (void)state;
    struct lk_slot_map map = {.loops = 2, .small_per_loop = 4, .large_per_loop = 1};
    uint32_t room, loop;
    assert_null(lk_slot_at(&map, lk_slot_count(&map), &room, &loop));
    assert_null(lk_slot_at(&map, UINT32_MAX, &room, &loop));
    map.large_per_loop = 0;
    assert_null(lk_slot_at(&map, 8, &room, &loop));
}

static void slot_wipe_forgets_what_was_used(void **state)
{
    (void)state;
    struct lk_slot *slot = malloc(LK_SLOT_SMALL_BYTES);
    memset(slot, 0x5a, LK_SLOT_SMALL_BYTES);
    lk_slot_wipe(slot, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(slot->body[i], 0);
    assert_int_equal(slot->body[100], 0x5a);
    free(slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slot_map_places_every_slot_once_inside_its_bytes),
        cmocka_unit_test(slot_map_has_nothing_outside),
        cmocka_unit_test(slot_wipe_forgets_what_was_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
