/* The broker's rules, one at a time, with the time as the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "tools/liblurk/packet.h"
#include "tools/lurk-agent/broker.h"

#define MS LK_NS_PER_MS
#define T0 (1000 * MS)

static struct lk_agent_metrics metrics;
static struct lk_broker b;
static uint64_t next_id;

static int set_up(void **state)
{
    static const struct lk_broker_conf conf = {.try_ns = 800 * MS,
                                               .total_ns = 1800 * MS,
                                               .back_off_min_ns = 50 * MS,
                                               .back_off_max_ns = 2000 * MS,
                                               .in_flight_per_line = 8};
    (void)state;
    memset(&metrics, 0, sizeof metrics);
    next_id = 100;
    return lk_broker_init(&b, &conf, 64, 7, &metrics) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lk_broker_fini(&b);
    return 0;
}

static void servers_up(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        lk_broker_server_set(&b, i, 0, 1);
        lk_broker_line_up(&b, lk_line_of(i, 0));
    }
}

/* A request and the server it is sent to; UINT32_MAX: *failed has the outcome. */
static uint32_t ask(uint64_t now_ns, uint64_t *id, uint32_t *errand)
{
    struct lk_decision d;
    *id = next_id++;
    *errand = lk_broker_take(&b, *id, 0, 0, now_ns);
    assert_int_not_equal(*errand, LK_ERRAND_NONE);
    lk_broker_turn(&b, now_ns);
    assert_true(lk_broker_next(&b, now_ns, &d));
    assert_int_equal(d.errand, *errand);
    assert_int_equal(d.kind, LK_DECISION_SEND);
    return lk_line_server(d.line);
}

static enum lk_answered answer(uint32_t server, uint64_t id, enum lk_verdict verdict, uint64_t now)
{
    uint32_t e;
    enum lk_answered how = lk_broker_answer(&b, lk_line_of(server, 0), id, verdict, now, &e);
    if (how == LK_ANSWERED_DONE) lk_broker_release(&b, e);
    return how;
}

static void expect_fail(uint64_t now_ns, uint32_t errand, uint8_t outcome)
{
    struct lk_decision d;
    assert_true(lk_broker_next(&b, now_ns, &d));
    assert_int_equal(d.kind, LK_DECISION_FAIL);
    assert_int_equal(d.errand, errand);
    assert_int_equal(d.outcome, outcome);
    lk_broker_release(&b, errand);
}

static uint32_t expect_send(uint64_t now_ns, uint32_t errand)
{
    struct lk_decision d;
    assert_true(lk_broker_next(&b, now_ns, &d));
    assert_int_equal(d.kind, LK_DECISION_SEND);
    assert_int_equal(d.errand, errand);
    return lk_line_server(d.line);
}

static void expect_nothing(uint64_t now_ns)
{
    struct lk_decision d;
    lk_broker_turn(&b, now_ns);
    assert_false(lk_broker_next(&b, now_ns, &d));
}

static void broker_without_a_server_refuses_at_once(void **state)
{
    (void)state;
    uint32_t e = lk_broker_take(&b, 1, 0, 0, T0);
    expect_fail(T0, e, LK_PACKET_NO_SERVER);
    lk_broker_server_set(&b, 0, 0, 1);
    lk_broker_connecting(&b, 0, true); /* a hope is no server */
    e = lk_broker_take(&b, 2, 0, 0, T0);
    expect_fail(T0, e, LK_PACKET_NO_SERVER);
    assert_int_equal(b.in_flight, 0);
}

/* Every line has what it may: the next ones wait, in order, for answers or for their time. */
static void broker_waits_where_all_lines_are_full(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(2);
    for (int i = 0; i < 16; i++)
        (void)ask(T0, &id, &e);
    uint32_t first = lk_broker_take(&b, 1, 0, 0, T0), second = lk_broker_take(&b, 2, 0, 0, T0);
    expect_nothing(T0);
    uint32_t server = lk_line_server(b.errand[e].line);
    assert_int_equal(answer(server, id, LK_VERDICT_FINAL, T0), LK_ANSWERED_DONE);
    lk_broker_turn(&b, T0);
    assert_int_equal(expect_send(T0, first), server);
    expect_nothing(T0);
    lk_broker_turn(&b, T0 + 1800 * MS);
    struct lk_decision d;
    bool timed_out = false;
    while (lk_broker_next(&b, T0 + 1800 * MS, &d))
        timed_out |= d.errand == second && d.outcome == LK_PACKET_TIMEOUT;
    assert_true(timed_out);
}

static void broker_is_full_where_its_table_is(void **state)
{
    (void)state;
    servers_up(1);
    while (b.in_flight < b.room)
        assert_int_not_equal(lk_broker_take(&b, next_id++, 0, 0, T0), LK_ERRAND_NONE);
    assert_int_equal(lk_broker_take(&b, next_id, 0, 0, T0), LK_ERRAND_NONE);
    lk_broker_release(&b, 5);
    assert_int_equal(lk_broker_take(&b, 101, 0, 0, T0), LK_ERRAND_NONE); /* an id in use */
    assert_int_not_equal(lk_broker_take(&b, next_id, 0, 0, T0), LK_ERRAND_NONE);
}

static void broker_sends_again_to_another_server_when_a_line_dies(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(2);
    uint32_t first = ask(T0, &id, &e);
    lk_broker_line_down(&b, lk_line_of(first, 0), T0 + MS);
    assert_int_equal(expect_send(T0 + MS, e), 1 - first);
    assert_int_equal(b.errand[e].wire_id, id);
    assert_int_equal(lk_agent_get(&metrics, LK_A_AGAIN_LINE), 1);
    lk_broker_line_down(&b, lk_line_of(1 - first, 0), T0 + 2 * MS); /* a third try is none */
    expect_fail(T0 + 2 * MS, e, LK_PACKET_NO_SERVER);
}

static void broker_waits_for_a_new_connection_while_one_is_made(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(1);
    assert_int_equal(ask(T0, &id, &e), 0);
    lk_broker_connecting(&b, 0, true);
    lk_broker_line_down(&b, 0, T0 + MS);
    expect_nothing(T0 + MS);
    lk_broker_line_up(&b, 0);
    lk_broker_turn(&b, T0 + 5 * MS);
    assert_int_equal(expect_send(T0 + 5 * MS, e), 0);
    assert_int_equal(answer(0, id, LK_VERDICT_FINAL, T0 + 6 * MS), LK_ANSWERED_DONE);
    /* And when none comes it is told at once. */
    assert_int_equal(ask(T0, &id, &e), 0);
    lk_broker_connecting(&b, 0, true);
    lk_broker_line_down(&b, 0, T0 + 7 * MS);
    expect_nothing(T0 + 7 * MS);
    lk_broker_connecting(&b, 0, false);
    lk_broker_turn(&b, T0 + 8 * MS);
    expect_fail(T0 + 8 * MS, e, LK_PACKET_NO_SERVER);
}

static void broker_tries_last_as_long_as_they_may(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(2);
    uint32_t first = ask(T0, &id, &e);
    assert_int_equal(lk_broker_due_ns(&b, T0), T0 + 800 * MS);
    expect_nothing(T0 + 800 * MS - 1);
    lk_broker_turn(&b, T0 + 800 * MS);
    assert_int_equal(expect_send(T0 + 800 * MS, e), 1 - first);
    expect_nothing(T0 + 1600 * MS - 1);
    lk_broker_turn(&b, T0 + 1600 * MS);
    expect_fail(T0 + 1600 * MS, e, LK_PACKET_TIMEOUT);
}

static void broker_keeps_the_bound_of_the_packet(void **state)
{
    (void)state;
    struct lk_decision d;
    servers_up(2);
    uint32_t e = lk_broker_take(&b, 1, 100 * MS, 0, T0);
    assert_true(lk_broker_next(&b, T0, &d));
    assert_int_equal(lk_broker_due_ns(&b, T0), T0 + 100 * MS);
    lk_broker_turn(&b, T0 + 100 * MS);
    expect_fail(T0 + 100 * MS, e, LK_PACKET_TIMEOUT);
    /* A longer one than ours is ours. */
    e = lk_broker_take(&b, 2, 60000 * MS, 0, T0);
    assert_int_equal(b.errand[e].until_ns, T0 + 1800 * MS);
}

static void broker_takes_a_late_answer_of_the_first_try(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(2);
    uint32_t first = ask(T0, &id, &e);
    lk_broker_turn(&b, T0 + 800 * MS);
    (void)expect_send(T0 + 800 * MS, e);
    assert_int_equal(answer(first, id, LK_VERDICT_FINAL, T0 + 801 * MS), LK_ANSWERED_DONE);
    assert_int_equal(answer(1 - first, id, LK_VERDICT_FINAL, T0 + 802 * MS), LK_ANSWERED_STRANGE);
    assert_int_equal(b.in_flight, 0);
    assert_int_equal(b.server[0].in_flight + b.server[1].in_flight, 0);
}

static void broker_drops_answers_to_nothing_and_of_others(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(2);
    uint32_t first = ask(T0, &id, &e);
    assert_int_equal(answer(first, id + 1000, LK_VERDICT_FINAL, T0), LK_ANSWERED_STRANGE);
    assert_int_equal(answer(1 - first, id, LK_VERDICT_FINAL, T0), LK_ANSWERED_STRANGE);
    assert_int_equal(answer(first, id, LK_VERDICT_FINAL, T0), LK_ANSWERED_DONE);
    assert_int_equal(answer(first, id, LK_VERDICT_FINAL, T0), LK_ANSWERED_STRANGE);
}

static void broker_asks_another_once_on_temporary_failure(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(2);
    uint32_t first = ask(T0, &id, &e);
    assert_int_equal(answer(first, id, LK_VERDICT_BUSY, T0 + MS), LK_ANSWERED_AGAIN);
    assert_int_equal(expect_send(T0 + MS, e), 1 - first);
    /* The first one has its pause: nothing more goes there. */
    uint64_t other;
    uint32_t f;
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask(T0 + MS, &other, &f), 1 - first);
    /* The second no is handed on. */
    assert_int_equal(answer(1 - first, id, LK_VERDICT_BUSY, T0 + 2 * MS), LK_ANSWERED_DONE);
}

/* With one server: back after its pause, 50 ms doubled each time, with a quarter of jitter. */
static void broker_pauses_double_up_to_their_bound(void **state)
{
    (void)state;
    uint64_t now = T0, expect_ms = 50;
    servers_up(1);
    for (int round = 0; round < 9; round++) {
        uint32_t e = lk_broker_take(&b, next_id++, 0, 0, now);
        assert_int_equal(expect_send(now, e), 0);
        assert_true(answer(0, next_id - 1, LK_VERDICT_BUSY, now) != LK_ANSWERED_STRANGE);
        uint64_t pause = b.server[0].hold_until_ns - now;
        assert_in_range(pause, expect_ms * MS / 4 * 3, expect_ms * MS / 4 * 5);
        if (b.errand[e].state != LK_ERRAND_FREE) lk_broker_release(&b, e);
        now = b.server[0].hold_until_ns;
        lk_broker_turn(&b, now);
        expect_ms = expect_ms * 2 > 2000 ? 2000 : expect_ms * 2;
    }
    /* A good answer ends it. */
    uint32_t e = lk_broker_take(&b, next_id, 0, 0, now);
    assert_int_equal(expect_send(now, e), 0);
    assert_int_equal(answer(0, next_id, LK_VERDICT_FINAL, now), LK_ANSWERED_DONE);
    assert_int_equal(b.server[0].hold_ns, 0);
}

static void broker_waits_out_the_pause_of_a_lone_server(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    servers_up(1);
    (void)ask(T0, &id, &e);
    assert_int_equal(answer(0, id, LK_VERDICT_BUSY, T0), LK_ANSWERED_AGAIN);
    expect_nothing(T0);
    uint32_t fresh = lk_broker_take(&b, 1, 0, 0, T0); /* and so does a new one */
    uint64_t end = b.server[0].hold_until_ns;
    expect_nothing(T0);
    assert_int_equal(lk_broker_due_ns(&b, T0), end);
    expect_nothing(end - 1);
    lk_broker_turn(&b, end);
    assert_int_equal(expect_send(end, e), 0);
    assert_int_equal(expect_send(end, fresh), 0);
    /* But not where its own time ends before: then it is told at once. */
    assert_int_equal(answer(0, 1, LK_VERDICT_BUSY, end), LK_ANSWERED_AGAIN);
    uint32_t hasty = lk_broker_take(&b, 2, 10 * MS, 0, end);
    lk_broker_turn(&b, end);
    expect_fail(end, hasty, LK_PACKET_NO_SERVER);
}

static void broker_sends_few_bulky_ones_at_a_time(void **state)
{
    (void)state;
    struct lk_decision d;
    uint64_t id;
    uint32_t e;
    servers_up(1);
    for (uint64_t i = 1; i <= LK_AGENT_BULKY_PER_LINE + 1; i++)
        (void)lk_broker_take(&b, i, 0, LK_NEEDS_ROOM, T0);
    for (int i = 0; i < LK_AGENT_BULKY_PER_LINE; i++)
        assert_true(lk_broker_next(&b, T0, &d));
    expect_nothing(T0);
    (void)ask(T0, &id, &e); /* others pass */
    assert_int_equal(answer(0, 2, LK_VERDICT_FINAL, T0), LK_ANSWERED_DONE);
    lk_broker_turn(&b, T0);
    assert_true(lk_broker_next(&b, T0, &d));
    assert_int_equal(b.errand[d.errand].wire_id, LK_AGENT_BULKY_PER_LINE + 1);
    expect_nothing(T0);
}

static void broker_sends_long_ones_over_streams(void **state)
{
    (void)state;
    struct lk_decision d;
    servers_up(2);
    lk_broker_datagrams(&b, 0);
    for (uint64_t i = 1; i <= 8; i++) {
        (void)lk_broker_take(&b, i, 0, LK_NEEDS_STREAM, T0);
        assert_true(lk_broker_next(&b, T0, &d));
        assert_int_equal(d.line, lk_line_of(1, 0));
    }
    (void)lk_broker_take(&b, 9, 0, LK_NEEDS_STREAM, T0); /* it waits for room there */
    expect_nothing(T0);
    (void)lk_broker_take(&b, 10, 0, 0, T0); /* a short one passes */
    lk_broker_turn(&b, T0);
    assert_true(lk_broker_next(&b, T0, &d));
    assert_int_equal(d.line, lk_line_of(0, 0));
    lk_broker_line_down(&b, lk_line_of(1, 0), T0); /* and without a stream all go */
    while (lk_broker_next(&b, T0, &d))
        if (d.kind == LK_DECISION_SEND) assert_int_equal(d.line, lk_line_of(0, 0));
}

static void broker_asks_a_lower_priority_first(void **state)
{
    (void)state;
    uint64_t id;
    uint32_t e;
    lk_broker_server_set(&b, 0, 10, 1);
    lk_broker_server_set(&b, 1, 5, 1);
    lk_broker_line_up(&b, lk_line_of(0, 0));
    lk_broker_line_up(&b, lk_line_of(1, 0));
    for (int i = 0; i < 8; i++)
        assert_int_equal(ask(T0, &id, &e), 1);
    assert_int_equal(ask(T0, &id, &e), 0); /* that one has no room */
}

static void broker_finds_another_line_for_what_was_only_decided(void **state)
{
    (void)state;
    struct lk_decision d;
    lk_broker_server_set(&b, 0, 0, 1);
    lk_broker_line_up(&b, lk_line_of(0, 0));
    uint32_t e = lk_broker_take(&b, 1, 0, 0, T0);
    lk_broker_line_up(&b, lk_line_of(0, 1));
    lk_broker_line_down(&b, lk_line_of(0, 0), T0);
    assert_true(lk_broker_next(&b, T0, &d));
    assert_int_equal(d.errand, e);
    assert_int_equal(d.line, lk_line_of(0, 1));
    assert_int_equal(b.errand[e].tries, 1);
}

static void broker_gives_up_what_was_not_sent(void **state)
{
    (void)state;
    struct lk_decision d;
    servers_up(1);
    uint32_t sent = lk_broker_take(&b, 1, 0, 0, T0);
    assert_true(lk_broker_next(&b, T0, &d));
    uint32_t decided = lk_broker_take(&b, 2, 0, 0, T0);
    assert_false(lk_broker_give_up(&b, sent, LK_PACKET_LEAVING));
    assert_true(lk_broker_give_up(&b, decided, LK_PACKET_LEAVING));
    expect_fail(T0, decided, LK_PACKET_LEAVING);
    assert_int_equal(b.server[0].in_flight, 1);
}

/* Random events for a while: counts stay sums, and at the end everything is free. */
static void broker_counts_balance(void **state)
{
    (void)state;
    uint64_t now = T0;
    uint32_t seed = 12345;
    for (uint32_t i = 0; i < 4; i++)
        lk_broker_server_set(&b, i, i / 2, 1 + i);
    for (int step = 0; step < 200000; step++) {
        struct lk_decision d;
        seed = seed * 1664525 + 1013904223;
        uint32_t what = seed >> 28, which = seed >> 20 & 3, n = seed >> 8 & 63;
        uint16_t line = lk_line_of(which, seed >> 16 & 1);
        bool up = b.server[which].line[seed >> 16 & 1].up;
        if (what < 5)
            (void)lk_broker_take(&b, next_id++, seed & 1 ? 0 : 300 * MS, seed >> 1 & 3, now);
        else if (what < 6 && !up)
            lk_broker_line_up(&b, line);
        else if (what == 6 && (seed & 0x3000) == 0)
            lk_broker_line_down(&b, line, now);
        else if (what < 10 && b.errand[n].state == LK_ERRAND_SENT)
            (void)answer(lk_line_server(b.errand[n].line), b.errand[n].wire_id,
                         seed & 16 ? LK_VERDICT_BUSY : LK_VERDICT_FINAL, now);
        else if (what == 10 && b.errand[n].state != LK_ERRAND_FREE &&
                 b.errand[n].state != LK_ERRAND_DONE)
            lk_broker_release(&b, n);
        else if (what == 11)
            lk_broker_connecting(&b, which, seed & 1);
        else if (what > 13)
            now += (seed & 0xff) * MS / 4;
        lk_broker_turn(&b, now);
        while (lk_broker_next(&b, now, &d))
            if (d.kind == LK_DECISION_FAIL) lk_broker_release(&b, d.errand);
        uint32_t in_flight = 0;
        for (uint32_t s = 0; s < 4; s++) {
            uint32_t lines = 0;
            for (uint32_t l = 0; l < LK_AGENT_LINES_PER_SERVER_MAX; l++) {
                assert_int_equal(b.server[s].line[l].in_flight, b.server[s].line[l].sent.count);
                lines += b.server[s].line[l].in_flight;
            }
            assert_int_equal(b.server[s].in_flight, lines);
            in_flight += lines;
        }
        assert_int_equal(b.in_flight, in_flight + b.waiting.count);
        assert_int_equal(b.due.count, b.in_flight);
    }
    struct lk_decision d;
    now += 10000 * MS;
    for (int i = 0; i < 3; i++) { /* the second tries end as well */
        lk_broker_turn(&b, now);
        while (lk_broker_next(&b, now, &d))
            if (d.kind == LK_DECISION_FAIL) lk_broker_release(&b, d.errand);
        now += 10000 * MS;
    }
    assert_int_equal(b.in_flight, 0);
    for (uint32_t i = 0; i <= b.ids.mask; i++)
        assert_int_equal(b.ids.index[i], LK_WIREID_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(broker_without_a_server_refuses_at_once),
        TEST(broker_waits_where_all_lines_are_full),
        TEST(broker_is_full_where_its_table_is),
        TEST(broker_sends_again_to_another_server_when_a_line_dies),
        TEST(broker_waits_for_a_new_connection_while_one_is_made),
        TEST(broker_tries_last_as_long_as_they_may),
        TEST(broker_keeps_the_bound_of_the_packet),
        TEST(broker_takes_a_late_answer_of_the_first_try),
        TEST(broker_drops_answers_to_nothing_and_of_others),
        TEST(broker_asks_another_once_on_temporary_failure),
        TEST(broker_pauses_double_up_to_their_bound),
        TEST(broker_waits_out_the_pause_of_a_lone_server),
        TEST(broker_sends_few_bulky_ones_at_a_time),
        TEST(broker_sends_long_ones_over_streams),
        TEST(broker_asks_a_lower_priority_first),
        TEST(broker_finds_another_line_for_what_was_only_decided),
        TEST(broker_gives_up_what_was_not_sent),
        TEST(broker_counts_balance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
