/* The heap of due times and the table of ids, at random against plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/draw.h"
#include "tools/lurk-agent/due.h"
#include "tools/lurk-agent/wireid.h"

#define ROOM 200

static void due_gives_the_earliest_always(void **state)
{
    (void)state;
    struct lk_due due;
    uint64_t at[ROOM];
    bool there[ROOM] = {false};
    assert_true(lk_due_init(&due, ROOM));
    for (int step = 0; step < 100000; step++) {
        uint32_t i = (uint32_t)lk_draw_below(ROOM);
        if (lk_draw_below(3) == 0) {
            lk_due_drop(&due, i);
            there[i] = false;
        } else {
            at[i] = lk_draw_below(1000);
            there[i] = true;
            lk_due_set(&due, i, at[i]);
        }
        uint64_t earliest = UINT64_MAX;
        uint32_t count = 0;
        for (uint32_t j = 0; j < ROOM; j++) {
            if (!there[j]) continue;
            count++;
            if (at[j] < earliest) earliest = at[j];
        }
        assert_int_equal(due.count, count);
        uint32_t first = lk_due_first(&due);
        assert_true(count == 0 ? first == LK_DUE_NONE : there[first] && at[first] == earliest);
    }
    lk_due_fini(&due);
}

/* Ids that fall on few cells, so that runs grow, wrap around and have holes. */
static void wireids_find_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    struct lk_wireids ids;
    bool there[ROOM] = {false};
    assert_true(lk_wireids_init(&ids, ROOM));
    for (int step = 0; step < 100000; step++) {
        uint32_t i = (uint32_t)lk_draw_below(ROOM);
        uint64_t id = (uint64_t)i << 32 | (i % 7 == 0 ? ids.mask - 1 : i % 5);
        if (lk_draw_below(2) == 0) {
            assert_true(lk_wireids_add(&ids, id, i) == !there[i]);
            there[i] = true;
        } else {
            lk_wireids_drop(&ids, id);
            there[i] = false;
        }
        uint32_t j = (uint32_t)lk_draw_below(ROOM);
        id = (uint64_t)j << 32 | (j % 7 == 0 ? ids.mask - 1 : j % 5);
        assert_int_equal(lk_wireids_find(&ids, id), there[j] ? j : LK_WIREID_NONE);
    }
    lk_wireids_fini(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_gives_the_earliest_always),
        cmocka_unit_test(wireids_find_what_is_there_and_nothing_else),
    };
    lk_draw_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
