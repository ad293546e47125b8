#include "core/exec/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { TOTAL = 4096, PEERS_MAX = 64 };

/* Peers that always ask for more, each in a tenant. */
struct crowd {
    struct lk_share share;
    uint32_t tenant[PEERS_MAX], held[PEERS_MAX];
    bool alone;
};

static bool take(struct crowd *c, unsigned peer)
{
    enum lk_share_verdict v = lk_share_judge(&c->share, c->tenant[peer], c->held[peer], c->alone);
    if (v != LK_SHARE_OPEN) return false;
    lk_share_take(&c->share, c->tenant[peer]);
    c->held[peer]++;
    return true;
}

static void give(struct crowd *c, unsigned peer)
{
    lk_share_give(&c->share, c->tenant[peer]);
    c->held[peer]--;
}

static uint32_t take_all(struct crowd *c, unsigned peer)
{
    uint32_t taken = 0;
    while (take(c, peer))
        taken++;
    return taken;
}

/* Each peer gets a slot home, then all ask in turn, another one first each time, until none gets
 * any more. */
static void turn_over(struct crowd *c, unsigned count, unsigned rounds)
{
    for (unsigned r = 0; r < rounds; r++) {
        for (unsigned p = 0; p < count; p++)
            if (c->held[p] > 0) give(c, p);
        bool more = true;
        while (more) {
            more = false;
            for (unsigned p = 0; p < count; p++)
                more |= take(c, (p + r) % count);
        }
    }
}

static void share_leaves_a_lone_tenant_nearly_all(void **state)
{
    (void)state;
    struct crowd c = {0};
    lk_share_init(&c.share, TOTAL);
    for (unsigned p = 0; p < 8; p++)
        take_all(&c, p);
    assert_in_range(c.share.used, TOTAL * 85 / 100, TOTAL * 89 / 100);
}

static void share_leaves_the_only_tenant_all(void **state)
{
    (void)state;
    struct crowd c = {.alone = true};
    lk_share_init(&c.share, TOTAL);
    uint32_t before = c.share.total;
    for (unsigned p = 0; p < PEERS_MAX && c.share.used < before; p++)
        take_all(&c, p);
    assert_in_range(c.share.used, TOTAL - 1, TOTAL);
    assert_int_equal(lk_share_judge(&c.share, 0, 4000, true),
                     c.share.used == TOTAL ? LK_SHARE_EMPTY : LK_SHARE_PEER);
}

/* However many connections the flood has, another tenant finds room at once, and its half soon. */
static void share_has_room_for_a_newcomer_beside_a_flood(void **state)
{
    (void)state;
    enum { FLOOD = 32, B = FLOOD };
    struct crowd c = {0};
    lk_share_init(&c.share, TOTAL);
    c.tenant[B] = 1;
    for (unsigned p = 0; p < FLOOD; p++)
        take_all(&c, p);
    assert_int_equal(lk_share_judge(&c.share, 0, 0, false), LK_SHARE_TENANT);
    assert_in_range(take_all(&c, B), 256, 512);
    turn_over(&c, FLOOD + 1, 4000);
    assert_in_range(c.share.held[0], TOTAL * 40 / 100, TOTAL / 2);
    assert_in_range(c.share.held[1], TOTAL * 40 / 100, TOTAL / 2);
    while (c.held[B] > 0)
        give(&c, B);
    turn_over(&c, FLOOD, 4000); /* the share comes back when nobody wants it any more */
    assert_in_range(c.share.held[0], TOTAL * 85 / 100, TOTAL * 89 / 100);
}

static void share_of_many_tenants_is_equal_and_some_stays_free(void **state)
{
    (void)state;
    enum { TENANTS = 20 };
    struct crowd c = {0};
    lk_share_init(&c.share, TOTAL);
    for (unsigned p = 0; p < TENANTS; p++) {
        c.tenant[p] = p;
        take_all(&c, p);
    }
    turn_over(&c, TENANTS, 4000);
    for (unsigned p = 0; p < TENANTS; p++)
        assert_in_range(c.share.held[p], TOTAL / (TENANTS + 1) * 8 / 10, TOTAL / TENANTS * 9 / 8);
    assert_in_range(c.share.total - c.share.used, 10, TOTAL / 100);
}

/* Edges of one tenant flood; one more edge of it still gets in. */
static void share_holds_among_peers_of_a_tenant(void **state)
{
    (void)state;
    enum { FLOOD = 5, B = FLOOD };
    struct crowd c = {0};
    lk_share_init(&c.share, TOTAL);
    for (unsigned p = 0; p < FLOOD; p++)
        take_all(&c, p);
    turn_over(&c, FLOOD, 4000);
    assert_int_equal(lk_share_judge(&c.share, 0, c.held[0], false), LK_SHARE_PEER);
    assert_in_range(take_all(&c, B), 4, TOTAL / FLOOD);
    turn_over(&c, FLOOD + 1, 4000);
    for (unsigned p = 0; p <= FLOOD; p++)
        assert_in_range(c.held[p], TOTAL / (FLOOD + 1) * 7 / 10, TOTAL / FLOOD);
}

/* 64 large slots: the sums hold for a small pool too. */
static void share_of_a_small_pool_keeps_some_free(void **state)
{
    (void)state;
    struct crowd c = {0};
    lk_share_init(&c.share, LK_SLOTS_LARGE_PER_LOOP);
    for (unsigned p = 0; p < 8; p++)
        take_all(&c, p);
    c.tenant[8] = 1;
    assert_in_range(c.share.used, 48, 60);
    assert_in_range(take_all(&c, 8), 3, 8);
    assert_int_equal(lk_share_judge(&(struct lk_share){.total = 4, .used = 4}, 0, 0, false),
                     LK_SHARE_EMPTY);
}

/* What all loops may send to a worker fits its lanes, and what a loop may send fits its slots. */
static void share_of_lanes_is_never_more_than_there_are(void **state)
{
    (void)state;
    for (unsigned loops = 1; loops <= LK_LOOPS_MAX; loops++) {
        unsigned small = lk_lanes_of_loop(LK_LANES_SMALL_PER_WORKER, loops, LK_SLOTS_SMALL_PER_LOOP);
        unsigned large = lk_lanes_of_loop(LK_LANES_LARGE_PER_WORKER, loops, LK_SLOTS_LARGE_PER_LOOP);
        assert_in_range(small, LK_LANES_MAX, LK_SLOTS_SMALL_PER_LOOP);
        assert_in_range(large, 1, LK_SLOTS_LARGE_PER_LOOP);
        assert_in_range(loops * small, 1, LK_LANES_SMALL_PER_WORKER);
        assert_in_range(loops * large, 1, LK_LANES_LARGE_PER_WORKER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share_leaves_a_lone_tenant_nearly_all),
        cmocka_unit_test(share_leaves_the_only_tenant_all),
        cmocka_unit_test(share_has_room_for_a_newcomer_beside_a_flood),
        cmocka_unit_test(share_of_many_tenants_is_equal_and_some_stays_free),
        cmocka_unit_test(share_holds_among_peers_of_a_tenant),
        cmocka_unit_test(share_of_a_small_pool_keeps_some_free),
        cmocka_unit_test(share_of_lanes_is_never_more_than_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
