#include "core/exec/novelty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define NOW INT64_C(1710268418)
#define WINDOW_S 60

static const uint8_t key_a[32] = {1}, key_b[32] = {2};

static struct lk_novelty_view table_new(uint32_t entries)
{
    size_t bytes = lk_novelty_bytes(entries);
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, 4096, bytes), 0);
    memset(memory, 0, bytes);
    struct lk_novelty_view view;
    assert_int_equal(lk_novelty_attach(&view, memory, bytes, NOW), LK_OK);
    return view;
}

static void s_make(uint8_t s[LK_RANDOM_BYTES], int64_t time, uint64_t number)
{
    memset(s, 0xee, LK_RANDOM_BYTES);
    struct lk_writer w = lk_writer_of(s, LK_RANDOM_BYTES);
    lk_writer_u32(&w, (uint32_t)time);
    lk_writer_u64(&w, number);
}

static struct lk_novelty_place find(const struct lk_novelty_view *view, const uint8_t key[32],
                                    const uint8_t s[LK_RANDOM_BYTES], uint32_t peer_payload)
{
    static const uint8_t payload[32];
    struct lk_novelty_ask ask = {.key_full = key, .s = s, .payload = {payload, sizeof payload}};
    struct lk_novelty_place place;
    lk_novelty_find(view, lk_siphash_many_plain, &ask, 1, &place);
    place.peer_payload = peer_payload;
    return place;
}

/* Enter S number n, made at `time`, for key_a and peer 1. */
static enum lk_novelty enter(const struct lk_novelty_view *view, int64_t time, uint64_t n,
                             uint32_t peer_payload, int64_t now)
{
    uint8_t s[LK_RANDOM_BYTES];
    s_make(s, time, n);
    struct lk_novelty_use use = {.place = find(view, key_a, s, peer_payload),
                                 .s = s,
                                 .peer_hash = 1,
                                 .window_s = WINDOW_S};
    return lk_novelty_enter(view, &use, now);
}

static void novelty_same_request_is_worked_again_three_times(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024);
    assert_int_equal(enter(&view, NOW, 1, 77, NOW), LK_NEW);
    for (int i = 0; i < 3; i++)
        assert_int_equal(enter(&view, NOW, 1, 77, NOW + i), LK_SAME_AGAIN);
    assert_int_equal(enter(&view, NOW, 1, 77, NOW + 3), LK_REPLAYED);
    free(view.table);
}

static void novelty_another_use_of_s_is_a_replay(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024);
    assert_int_equal(enter(&view, NOW, 1, 77, NOW), LK_NEW);
    assert_int_equal(enter(&view, NOW, 1, 78, NOW), LK_REPLAYED);
    assert_int_equal(enter(&view, NOW, 2, 78, NOW), LK_NEW);
    free(view.table);
}

static void novelty_of_s_is_for_each_key(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024);
    uint8_t s[LK_RANDOM_BYTES];
    s_make(s, NOW, 1);
    struct lk_novelty_use use = {
        .place = find(&view, key_a, s, 0), .s = s, .window_s = WINDOW_S};
    assert_int_equal(lk_novelty_enter(&view, &use, NOW), LK_NEW);
    use.place = find(&view, key_b, s, 0);
    assert_int_equal(lk_novelty_enter(&view, &use, NOW), LK_NEW);
    use.place.peer_payload = 5;
    assert_int_equal(lk_novelty_enter(&view, &use, NOW), LK_REPLAYED);
    free(view.table);
}

/* S stays as long as the window would let it in, to the last second, also when S lay ahead. */
static void novelty_lasts_as_long_as_the_window(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024);
    for (int64_t ahead = 0; ahead <= WINDOW_S; ahead += 20) {
        uint64_t n = 100 + (uint64_t)ahead;
        assert_int_equal(enter(&view, NOW + ahead, n, 1, NOW), LK_NEW);
        assert_int_equal(enter(&view, NOW + ahead, n, 2, NOW + ahead + WINDOW_S), LK_REPLAYED);
    }
    free(view.table);
}

static void novelty_forgets_so_that_a_full_table_serves_again(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(16);
    view.share = 8000;
    uint64_t n = 0;
    while (n < 100 && enter(&view, NOW, n, 1, NOW) == LK_NEW)
        n++;
    assert_int_equal(n, 16);
    assert_int_equal(enter(&view, NOW, n, 1, NOW), LK_NOVELTY_FULL);
    assert_int_equal(enter(&view, NOW, 0, 1, NOW),
                     LK_SAME_AGAIN); /* what is in it is still known */
    int64_t later = NOW + WINDOW_S + 1;
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(enter(&view, later, 100 + i, 1, later), LK_NEW);
    free(view.table);
}

static enum lk_novelty enter_of(const struct lk_novelty_view *view, uint64_t peer, uint64_t n,
                                int64_t now)
{
    uint8_t s[LK_RANDOM_BYTES];
    s_make(s, now, peer << 32 | n);
    struct lk_novelty_use use = {
        .place = find(view, key_a, s, 0), .s = s, .peer_hash = peer, .window_s = WINDOW_S};
    return lk_novelty_enter(view, &use, now);
}

enum { TABLE = 65536 };

/* How many of `count` fresh S of this peer are let in. */
static uint32_t let_in(const struct lk_novelty_view *view, uint64_t peer, uint64_t from,
                       uint32_t count, int64_t now)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < count; i++)
        good += enter_of(view, peer, from + i, now) == LK_NEW;
    return good;
}

static void novelty_peer_alone_is_refused_nothing_below_a_third(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(TABLE);
    assert_int_equal(let_in(&view, 1, 0, TABLE / 3, NOW), TABLE / 3);
    assert_in_range(let_in(&view, 1, TABLE / 2, TABLE / 6, NOW), TABLE / 6 * 99 / 100, TABLE / 6);
    uint32_t more = let_in(&view, 1, TABLE, 2 * TABLE, NOW);
    assert_in_range(TABLE / 2 + more, TABLE * 70 / 100, TABLE * 80 / 100);
    free(view.table);
}

/* One peer floods ten times the table: another that asks for a fortieth gets it. Then twelve do at
 * once: one that asks for a 512th gets nearly that. */
static void novelty_flood_leaves_room_for_others(void **state)
{
    (void)state;
    enum { FLOODS = 12 };
    struct lk_novelty_view view = table_new(TABLE);
    let_in(&view, 1, 0, 10 * TABLE, NOW);
    assert_in_range(let_in(&view, 2, 0, TABLE / 40, NOW), TABLE / 40 * 95 / 100, TABLE / 40);
    for (uint32_t i = 0; i < TABLE / 4; i++)
        for (uint64_t peer = 10; peer < 10 + FLOODS; peer++)
            enter_of(&view, peer, i, NOW);
    assert_in_range(let_in(&view, 3, 0, TABLE / 512, NOW), TABLE / 512 * 9 / 10, TABLE / 512);
    assert_true(let_in(&view, 1, 20 * TABLE, 1000, NOW) == 0);
    free(view.table);
}

/* A share is of a period, and places come free with time. */
static void novelty_share_comes_back(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(TABLE);
    let_in(&view, 1, 0, 2 * TABLE, NOW);
    assert_int_equal(let_in(&view, 1, 2 * TABLE, 1, NOW), 0);
    int64_t later = NOW + WINDOW_S + 1;
    assert_int_equal(let_in(&view, 1, 0, TABLE / 3, later), TABLE / 3);
    free(view.table);
}

static void novelty_refuses_s_from_before_the_table(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024);
    assert_int_equal(enter(&view, NOW - 1, 1, 1, NOW + 5), LK_REPLAYED);
    assert_int_equal(enter(&view, NOW, 1, 1, NOW + 5), LK_NEW);
    free(view.table);
}

/* A vault that starts again finds the table as it was: the second start refuses no S by its age. */
static void novelty_survives_the_vault(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024), again;
    assert_int_equal(enter(&view, NOW, 1, 1, NOW), LK_NEW);
    assert_int_equal(lk_novelty_attach(&again, view.table, lk_novelty_bytes(1024), NOW + 10),
                     LK_OK);
    assert_int_equal(again.started_unix_s, NOW);
    assert_int_equal(enter(&again, NOW, 1, 2, NOW + 10), LK_REPLAYED);
    assert_int_equal(enter(&again, NOW + 1, 2, 2, NOW + 10), LK_NEW);
    assert_int_equal(lk_novelty_attach(&again, view.table, lk_novelty_bytes(2048), NOW),
                     LK_ERR_FORMAT);
    assert_int_equal(lk_novelty_attach(&again, view.table, 100, NOW), LK_ERR_FORMAT);
    free(view.table);
}

static void novelty_without_window_keeps_s_for_a_while(void **state)
{
    (void)state;
    struct lk_novelty_view view = table_new(1024);
    uint8_t s[LK_RANDOM_BYTES];
    memset(s, 0xff, sizeof s); /* no time at all */
    struct lk_novelty_use use = {.place = find(&view, key_a, s, 0), .s = s, .window_s = 0};
    assert_int_equal(lk_novelty_enter(&view, &use, NOW), LK_NEW);
    use.place.peer_payload = 1;
    assert_int_equal(lk_novelty_enter(&view, &use, NOW + LK_NOVELTY_KEEP_S), LK_REPLAYED);
    memset(s, 0, sizeof s);
    use.place = find(&view, key_a, s, 0);
    assert_int_equal(lk_novelty_enter(&view, &use, NOW), LK_NEW);
    free(view.table);
}

/* --- threads -------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 4000 };

struct race {
    struct lk_novelty_view view;
    pthread_barrier_t barrier;
    bool same_request;
    _Atomic uint32_t fresh[ROUNDS], repeated[ROUNDS];
};
struct runner {
    struct race *race;
    uint32_t number;
};

static void *race_run(void *arg)
{
    struct runner *r = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (i % 64 == 0) pthread_barrier_wait(&r->race->barrier);
        uint32_t payload = r->race->same_request ? 5 : r->number;
        /* Clocks of threads differ by a second, which is the worst that may happen. */
        enum lk_novelty n = enter(&r->race->view, NOW + i / 50, i, payload,
                                  NOW + i / 50 + r->number % 2);
        if (n == LK_NEW) r->race->fresh[i]++;
        if (n == LK_SAME_AGAIN) r->race->repeated[i]++;
    }
    return NULL;
}

static void race_threads(struct race *race, bool same_request)
{
    race->view = table_new(65536);
    race->view.share = UINT32_MAX;
    race->same_request = same_request;
    pthread_barrier_init(&race->barrier, NULL, THREADS);
    pthread_t thread[THREADS];
    struct runner runner[THREADS];
    for (uint32_t t = 0; t < THREADS; t++) {
        runner[t] = (struct runner){race, t};
        assert_int_equal(pthread_create(&thread[t], NULL, race_run, &runner[t]), 0);
    }
    for (uint32_t t = 0; t < THREADS; t++)
        pthread_join(thread[t], NULL);
    pthread_barrier_destroy(&race->barrier);
    free(race->view.table);
}

static void novelty_lets_one_of_concurrent_uses_through(void **state)
{
    (void)state;
    static struct race race;
    race_threads(&race, false);
    uint32_t won = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (race.fresh[i] + race.repeated[i] > 1) fail_msg("S %u passed twice", i);
        won += race.fresh[i];
    }
    assert_true(won > ROUNDS * 9 / 10);
}

static void novelty_counts_concurrent_repeats(void **state)
{
    (void)state;
    static struct race race;
    race_threads(&race, true);
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (race.fresh[i] > 1) fail_msg("S %u was new twice", i);
        if (race.fresh[i] + race.repeated[i] != THREADS) fail_msg("S %u was lost", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(novelty_same_request_is_worked_again_three_times),
        cmocka_unit_test(novelty_another_use_of_s_is_a_replay),
        cmocka_unit_test(novelty_of_s_is_for_each_key),
        cmocka_unit_test(novelty_lasts_as_long_as_the_window),
        cmocka_unit_test(novelty_forgets_so_that_a_full_table_serves_again),
        cmocka_unit_test(novelty_peer_alone_is_refused_nothing_below_a_third),
        cmocka_unit_test(novelty_flood_leaves_room_for_others),
        cmocka_unit_test(novelty_share_comes_back),
        cmocka_unit_test(novelty_refuses_s_from_before_the_table),
        cmocka_unit_test(novelty_survives_the_vault),
        cmocka_unit_test(novelty_without_window_keeps_s_for_a_while),
        cmocka_unit_test(novelty_lets_one_of_concurrent_uses_through),
        cmocka_unit_test(novelty_counts_concurrent_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
