#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "io/responses.h"

#define ENTRIES 8
#define BODY 256
#define KEPT_NS (8 * LK_NS_PER_S)

static struct lk_responses *pool;
static const struct lk_responses_conf pool_conf = {
    .entries = ENTRIES, .body_bytes = BODY, .kept_ns = KEPT_NS, .key = {.k0 = 7, .k1 = 9}};

static int make(void **state)
{
    (void)state;
    return lk_responses_open(&pool_conf, &pool);
}

static int unmake(void **state)
{
    (void)state;
    lk_responses_close(pool);
    return 0;
}

/* A message with this id and one payload byte. */
struct message {
    uint8_t byte[17];
};
static struct message message_of(uint8_t id, uint8_t payload)
{
    struct message m = {{1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, id, 0, 0, 0, 17, payload}};
    return m;
}

static struct lk_repeat_look look(uint64_t association, struct message m, uint64_t now_ns)
{
    return lk_responses_look(pool, association, lk_bytes_of(m.byte, sizeof m.byte), now_ns);
}

static uint64_t look_new(uint64_t association, struct message m, uint64_t now_ns)
{
    struct lk_repeat_look found = look(association, m, now_ns);
    assert_int_equal(found.found, LK_REPEAT_NEW);
    return found.ticket;
}

static void keep(uint64_t ticket, const char *text, uint64_t now_ns)
{
    lk_responses_keep(pool, ticket, lk_bytes_of(text, strlen(text)), now_ns);
}

static void assert_kept(uint64_t association, struct message m, uint64_t now_ns, const char *text)
{
    struct lk_repeat_look found = look(association, m, now_ns);
    assert_int_equal(found.found, LK_REPEAT_KEPT);
    assert_int_equal(found.kept.len, strlen(text));
    assert_memory_equal(found.kept.data, text, strlen(text));
}

static void responses_answer_a_repeat_again(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    keep(look_new(10, m, 0), "an answer", 100);
    assert_kept(10, m, 200, "an answer");
    assert_kept(10, m, KEPT_NS + 99, "an answer");
}

static void responses_drop_a_repeat_in_work(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    uint64_t ticket = look_new(10, m, 0);
    assert_int_equal(look(10, m, 1).found, LK_REPEAT_IN_WORK);
    lk_responses_drop(pool, ticket);
    look_new(10, m, 2);
}

static void responses_take_other_bytes_as_new(void **state)
{
    (void)state;
    keep(look_new(10, message_of(1, 5), 0), "five", 1);
    keep(look_new(10, message_of(1, 6), 2), "six", 3);
    keep(look_new(10, message_of(2, 5), 4), "two", 5);
    assert_kept(10, message_of(1, 5), 6, "five");
    assert_kept(10, message_of(1, 6), 6, "six");
    assert_kept(10, message_of(2, 5), 6, "two");
}

static void responses_belong_to_one_association(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    keep(look_new(10, m, 0), "ten", 1);
    keep(look_new(11, m, 2), "eleven", 3);
    assert_kept(10, m, 4, "ten");
    assert_kept(11, m, 4, "eleven");
}

static void responses_expire_after_their_time(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    keep(look_new(10, m, 0), "old", 100);
    look_new(10, message_of(2, 5), 200);
    assert_int_equal(lk_responses_expire(pool, KEPT_NS + 99, 100), 0);
    assert_int_equal(lk_responses_expire(pool, KEPT_NS + 100, 100), 1);
    assert_int_equal(lk_responses_expire(pool, KEPT_NS + 200, 100), 1);
    assert_int_equal(lk_responses_count(pool), 0);
    look_new(10, m, KEPT_NS + 200);
}

static void responses_past_their_time_are_not_used(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    keep(look_new(10, m, 0), "old", 0);
    look_new(10, m, KEPT_NS);
    assert_int_equal(lk_responses_count(pool), 1);
}

static void responses_expire_no_more_than_asked(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 6; i++)
        keep(look_new(10, message_of(i, 5), 0), "x", 0);
    assert_int_equal(lk_responses_expire(pool, KEPT_NS, 4), 4);
    assert_int_equal(lk_responses_count(pool), 2);
}

static void responses_give_up_the_oldest_answer_when_full(void **state)
{
    (void)state;
    uint64_t in_work = look_new(10, message_of(100, 5), 0);
    for (uint8_t i = 0; i < ENTRIES; i++)
        keep(look_new(10, message_of(i, 5), i), "x", i);
    assert_int_equal(lk_responses_count(pool), ENTRIES);
    assert_int_equal(look(10, message_of(100, 5), 50).found, LK_REPEAT_IN_WORK);
    assert_kept(10, message_of(1, 5), 50, "x");
    keep(in_work, "late", 51);
    assert_kept(10, message_of(100, 5), 52, "late");
    look_new(10, message_of(0, 5), 53);
}

static void responses_full_of_work_give_up_the_oldest(void **state)
{
    (void)state;
    uint64_t first = look_new(10, message_of(0, 5), 0);
    for (uint8_t i = 1; i <= ENTRIES; i++)
        look_new(10, message_of(i, 5), i);
    keep(first, "stale ticket", 20);
    assert_int_equal(look(10, message_of(0, 5), 21).found, LK_REPEAT_NEW);
}

static void responses_forget_an_answer_too_long(void **state)
{
    (void)state;
    static const uint8_t longer[BODY + 1] = {0};
    struct message m = message_of(1, 5);
    lk_responses_keep(pool, look_new(10, m, 0), lk_bytes_of(longer, sizeof longer), 1);
    look_new(10, m, 2);
}

static void responses_ignore_a_ticket_that_is_gone(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    uint64_t ticket = look_new(10, m, 0);
    keep(ticket, "once", 1);
    keep(ticket, "twice", 2);
    lk_responses_drop(pool, ticket);
    keep(0, "none", 2);
    keep(UINT64_MAX, "none", 2);
    assert_kept(10, m, 3, "once");
}

static void responses_wipe_what_goes(void **state)
{
    (void)state;
    struct message m = message_of(1, 5);
    keep(look_new(10, m, 0), "a secret of the tests", 0);
    const uint8_t *place = look(10, m, 1).kept.data;
    lk_responses_expire(pool, KEPT_NS, 1);
    for (size_t i = 0; i < strlen("a secret of the tests"); i++)
        assert_int_equal(place[i], 0);
    look_new(10, m, KEPT_NS);
    for (uint8_t i = 0; i < ENTRIES + 1; i++)
        keep(look_new(11, message_of(i, 1), KEPT_NS), "another", KEPT_NS);
}

/* The pool against a plain model: an array of what was asked and answered. */
#define IDS 12
static void responses_agree_with_a_model(void **state)
{
    (void)state;
    unsigned seed = 20261122;
    printf("seed %u\n", seed);
    bool in_work[IDS] = {0}, kept[IDS] = {0};
    uint64_t ticket[IDS] = {0}, since[IDS] = {0}, now = 0;
    struct lk_responses *small = pool;
    struct lk_responses_conf roomy = pool_conf;
    roomy.entries = IDS;
    assert_int_equal(lk_responses_open(&roomy, &pool), LK_OK);
    for (int step = 0; step < 20000; step++) {
        uint8_t id = (uint8_t)((unsigned)rand_r(&seed) % IDS);
        now += (uint64_t)(unsigned)rand_r(&seed) % LK_NS_PER_S;
        if (now - since[id] >= KEPT_NS) in_work[id] = kept[id] = false;
        struct lk_repeat_look found = look(1, message_of(id, 0), now);
        enum lk_repeat want = kept[id]      ? LK_REPEAT_KEPT
                              : in_work[id] ? LK_REPEAT_IN_WORK
                                            : LK_REPEAT_NEW;
        assert_int_equal(found.found, want);
        if (want == LK_REPEAT_NEW) {
            ticket[id] = found.ticket;
            since[id] = now;
            in_work[id] = true;
        } else if (in_work[id] && rand_r(&seed) % 2 == 0) {
            keep(ticket[id], "y", now);
            since[id] = now;
            kept[id] = true;
            in_work[id] = false;
        }
    }
    lk_responses_close(pool);
    pool = small;
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(responses_answer_a_repeat_again),
        T(responses_drop_a_repeat_in_work),
        T(responses_take_other_bytes_as_new),
        T(responses_belong_to_one_association),
        T(responses_expire_after_their_time),
        T(responses_past_their_time_are_not_used),
        T(responses_expire_no_more_than_asked),
        T(responses_give_up_the_oldest_answer_when_full),
        T(responses_full_of_work_give_up_the_oldest),
        T(responses_forget_an_answer_too_long),
        T(responses_ignore_a_ticket_that_is_gone),
        T(responses_wipe_what_goes),
        T(responses_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
