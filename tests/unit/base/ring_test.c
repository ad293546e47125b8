#include "core/base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CELLS 8

struct pair {
    struct lk_ring_shared *shared;
    struct lk_ring in, out; /* producer's and consumer's halves */
};

static struct pair pair_of(uint32_t cells)
{
    struct pair p;
    size_t bytes = (lk_ring_bytes(cells) + 63) & ~(size_t)63;
    p.shared = aligned_alloc(64, bytes);
    memset((void *)p.shared, 0, bytes);
    lk_ring_init(&p.in, p.shared, cells);
    lk_ring_init(&p.out, p.shared, cells);
    return p;
}

static void ring_keeps_the_order(void **state)
{
    (void)state;
    struct pair p = pair_of(CELLS);
    uint64_t got[CELLS], next = 0, want = 0;
    for (uint32_t round = 0; round < 1000; round++) {
        for (uint32_t i = 0; i < 1 + round % CELLS; i++)
            if (lk_ring_push(&p.in, next << 32 | 7) == LK_OK) next++;
        int count = lk_ring_pop(&p.out, got, 1 + round % 5);
        assert_true(count > 0 && count <= (int)(1 + round % 5));
        for (int i = 0; i < count; i++)
            assert_int_equal(got[i], want++ << 32 | 7);
    }
    free(p.shared);
}

static void ring_is_full_at_its_cells_and_empty_at_none(void **state)
{
    (void)state;
    struct pair p = pair_of(CELLS);
    uint64_t got[CELLS + 1];
    assert_int_equal(lk_ring_pop(&p.out, got, CELLS), 0);
    for (uint64_t i = 0; i < CELLS; i++)
        assert_int_equal(lk_ring_push(&p.in, i), LK_OK);
    assert_int_equal(lk_ring_push(&p.in, 99), LK_ERR_FULL);
    assert_int_equal(lk_ring_depth(&p.in), CELLS);
    assert_int_equal(lk_ring_pop(&p.out, got, CELLS + 1), CELLS);
    assert_int_equal(got[CELLS - 1], CELLS - 1); /* 99 is not among them */
    assert_int_equal(lk_ring_pop(&p.out, got, CELLS), 0);
    assert_int_equal(lk_ring_push(&p.in, 99), LK_OK);
    assert_int_equal(lk_ring_pop(&p.out, got, 0), 0);
    assert_int_equal(lk_ring_pop(&p.out, got, 1), 1);
    assert_int_equal(got[0], 99);
    free(p.shared);
}

/* Indices run through 2^32 as through any other number. */
static void ring_indices_wrap(void **state)
{
    (void)state;
    struct pair p = pair_of(CELLS);
    p.in.own = p.in.peer = p.out.own = p.out.peer = UINT32_MAX - 2;
    atomic_store(&p.shared->tail, UINT32_MAX - 2);
    atomic_store(&p.shared->head, UINT32_MAX - 2);
    for (uint64_t i = 0; i < CELLS; i++)
        assert_int_equal(lk_ring_push(&p.in, i), LK_OK);
    assert_int_equal(lk_ring_push(&p.in, 9), LK_ERR_FULL);
    uint64_t got[CELLS];
    assert_int_equal(lk_ring_pop(&p.out, got, CELLS), CELLS);
    for (uint64_t i = 0; i < CELLS; i++)
        assert_int_equal(got[i], i);
    assert_int_equal(lk_ring_push(&p.in, 9), LK_OK);
    free(p.shared);
}

/* The consumer believes a tail only up to `cells` in front of its own head. */
static void ring_pop_gives_an_absurd_tail_up(void **state)
{
    (void)state;
    static const uint32_t tails[] = {CELLS + 1, 1000, 0x80000000u, UINT32_MAX, UINT32_MAX - CELLS};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct pair p = pair_of(CELLS);
        atomic_store(&p.shared->tail, tails[i]);
        uint64_t got[2] = {0x55, 0x55};
        assert_int_equal(lk_ring_pop(&p.out, got, 2), LK_ERR_ABSURD);
        assert_int_equal(got[0], 0x55);
        assert_int_equal(atomic_load(&p.shared->head), 0);
        free(p.shared);
    }
    struct pair p = pair_of(CELLS); /* a tail behind what was already popped */
    uint64_t got[2];
    assert_int_equal(lk_ring_push(&p.in, 1), LK_OK);
    assert_int_equal(lk_ring_pop(&p.out, got, 1), 1);
    atomic_store(&p.shared->tail, 0);
    assert_int_equal(lk_ring_pop(&p.out, got, 1), LK_ERR_ABSURD);
    free(p.shared);
}

static void ring_push_gives_an_absurd_head_up(void **state)
{
    (void)state;
    static const uint32_t heads[] = {CELLS + 1, 1000, 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct pair p = pair_of(CELLS);
        for (uint64_t k = 0; k < CELLS; k++)
            assert_int_equal(lk_ring_push(&p.in, k), LK_OK);
        atomic_store(&p.shared->head, heads[i]);
        assert_int_equal(lk_ring_push(&p.in, 9), LK_ERR_ABSURD);
        assert_int_equal(atomic_load(&p.shared->tail), CELLS);
        free(p.shared);
    }
}

/* Each side writes its own word only: what it reads there is never believed back. */
static void ring_sides_do_not_read_their_own_word(void **state)
{
    (void)state;
    struct pair p = pair_of(CELLS);
    assert_int_equal(lk_ring_push(&p.in, 1), LK_OK);
    atomic_store(&p.shared->tail, 0xdead);
    assert_int_equal(lk_ring_push(&p.in, 2), LK_OK);
    assert_int_equal(atomic_load(&p.shared->tail), 2);
    atomic_store(&p.shared->head, 0xbeef);
    uint64_t got[4];
    assert_int_equal(lk_ring_pop(&p.out, got, 4), 2);
    assert_int_equal(atomic_load(&p.shared->head), 2);
    free(p.shared);
}

/* --- two threads: order of references, identity of what they name ----------------------------- */

#define RUN 200000
#define SLOTS 64

struct shop {
    struct pair p;
    uint64_t slot[SLOTS]; /* plain memory that moves with the reference */
};

static void *produce(void *arg)
{
    struct shop *shop = arg;
    for (uint64_t i = 0; i < RUN; i++) {
        /* The ring has fewer cells than there are slots, so this slot was consumed long ago. */
        shop->slot[i % SLOTS] = i * 3 + 1;
        lk_err err;
        while ((err = lk_ring_push(&shop->p.in, i << 32 | i % SLOTS)) == LK_ERR_FULL)
            sched_yield();
        if (err != LK_OK) return shop;
    }
    return NULL;
}

/* ThreadSanitizer sees a slot that is read before the ring ordered its writing, or written again
 * before its reading. */
static void ring_moves_slots_between_two_threads(void **state)
{
    (void)state;
    static struct shop shop;
    shop.p = pair_of(SLOTS / 4);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, &shop), 0);
    uint64_t want = 0, wrong = 0;
    while (want < RUN) {
        uint64_t refs[7];
        int count = lk_ring_pop(&shop.p.out, refs, 7);
        assert_true(count >= 0);
        if (count == 0) sched_yield();
        for (int i = 0; i < count; i++, want++) {
            wrong += refs[i] != (want << 32 | want % SLOTS);
            wrong += shop.slot[want % SLOTS] != want * 3 + 1;
        }
    }
    void *failed;
    pthread_join(producer, &failed);
    assert_null(failed);
    assert_int_equal(wrong, 0);
    free(shop.p.shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_keeps_the_order),
        cmocka_unit_test(ring_is_full_at_its_cells_and_empty_at_none),
        cmocka_unit_test(ring_indices_wrap),
        cmocka_unit_test(ring_pop_gives_an_absurd_tail_up),
        cmocka_unit_test(ring_push_gives_an_absurd_head_up),
        cmocka_unit_test(ring_sides_do_not_read_their_own_word),
        cmocka_unit_test(ring_moves_slots_between_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
