#include "core/watch/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "crypto/hash.h"

static struct lk_audit_ring *ring_new(void)
{
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, 64, sizeof(struct lk_audit_ring)), 0);
    memset(memory, 0, sizeof(struct lk_audit_ring));
    return memory;
}

static void append(struct lk_audit_ring *ring, uint64_t request_id)
{
    *lk_audit_place(ring, 0) =
        (struct lk_audit_record){.request_id = request_id, .status = 1, .edge = 7};
    lk_audit_append(ring, 1, lk_sha256_lanes_library);
}

enum { COUNT = 20 };

static void audit_chain_of_a_recorded_run_verifies(void **state)
{
    (void)state;
    struct lk_audit_ring *ring = ring_new();
    ring->chain[0] = 9; /* goes on from an earlier journal */
    struct lk_audit_record got[COUNT];
    for (uint64_t i = 0; i < COUNT; i++)
        append(ring, i);
    uint8_t chain[16] = {9};
    assert_int_equal(lk_audit_take(ring, got, 8), 8);
    assert_true(lk_audit_verify(chain, got, 8));
    assert_int_equal(lk_audit_take(ring, got, COUNT), COUNT - 8);
    assert_int_equal(got[0].sequence, 9);
    assert_int_equal(got[0].request_id, 8);
    assert_true(lk_audit_verify(chain, got, COUNT - 8));
    assert_int_equal(lk_audit_take(ring, got, COUNT), 0);
    free(ring);
}

/* The rule of the header, worked out here by hand for one record. */
static void audit_hash_covers_the_chain_and_the_whole_record(void **state)
{
    (void)state;
    struct lk_audit_ring *ring = ring_new();
    memset(ring->chain, 3, sizeof ring->chain);
    append(ring, 77);
    struct lk_audit_record got;
    assert_int_equal(lk_audit_take(ring, &got, 1), 1);
    uint8_t link[16 + LK_SHA256_BYTES], full[LK_SHA256_BYTES];
    memset(link, 3, 16);
    lk_sha256(&got, offsetof(struct lk_audit_record, hash), link + 16);
    lk_sha256(link, sizeof link, full);
    assert_memory_equal(got.hash, full, 16);
    free(ring);
}

static void take_run(struct lk_audit_record got[COUNT])
{
    struct lk_audit_ring *ring = ring_new();
    for (uint64_t i = 0; i < COUNT; i++)
        append(ring, i);
    assert_int_equal(lk_audit_take(ring, got, COUNT), COUNT);
    free(ring);
}

static void audit_verify_finds_every_edited_byte(void **state)
{
    (void)state;
    struct lk_audit_record run[COUNT];
    take_run(run);
    for (size_t at = 0; at < sizeof run[0]; at++) {
        struct lk_audit_record edited[COUNT];
        memcpy(edited, run, sizeof run);
        ((uint8_t *)&edited[5])[at] ^= 0x10;
        uint8_t chain[16] = {0};
        if (lk_audit_verify(chain, edited, COUNT)) fail_msg("byte %zu", at);
    }
}

static void audit_verify_finds_cuts_and_swaps(void **state)
{
    (void)state;
    struct lk_audit_record run[COUNT], other[COUNT];
    take_run(run);
    uint8_t chain[16] = {0};
    assert_false(lk_audit_verify(chain, run + 1, COUNT - 1)); /* the front is cut off */
    memcpy(other, run, sizeof run);
    memmove(other + 3, other + 4, sizeof run[0] * (COUNT - 4)); /* one is missing */
    memset(chain, 0, sizeof chain);
    assert_false(lk_audit_verify(chain, other, COUNT - 1));
    memcpy(other, run, sizeof run);
    other[3] = run[4], other[4] = run[3];
    memset(chain, 0, sizeof chain);
    assert_false(lk_audit_verify(chain, other, COUNT));
}

static void audit_ring_full_has_no_room_and_loses_nothing(void **state)
{
    (void)state;
    struct lk_audit_ring *ring = ring_new();
    assert_false(lk_audit_room(ring, LK_AUDIT_RECORDS_PER_WORKER + 1));
    assert_true(lk_audit_room(ring, LK_AUDIT_RECORDS_PER_WORKER));
    for (uint64_t i = 0; i < LK_AUDIT_RECORDS_PER_WORKER; i++)
        append(ring, i);
    assert_false(lk_audit_room(ring, 1));
    uint8_t chain[16] = {0};
    struct lk_audit_record got[64];
    uint64_t next = 0, more = 2 * LK_AUDIT_RECORDS_PER_WORKER;
    for (uint64_t id = LK_AUDIT_RECORDS_PER_WORKER; next < more; id++) {
        uint32_t n = lk_audit_take(ring, got, 64);
        assert_true(n > 0 && lk_audit_verify(chain, got, n));
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(got[i].request_id, next++);
        for (uint32_t i = 0; i < n; i++) /* the places are used again */
            append(ring, id + i);
        id += n - 1;
    }
    free(ring);
}

/* Filled one after the other, over the end of the ring too, and in it all at once. */
static void appended_together_are_one_chain(lk_sha256_lanes *sha256)
{
    struct lk_audit_ring *ring = ring_new();
    struct lk_audit_record got[COUNT];
    uint8_t chain[16] = {0};
    uint64_t id = 0;
    for (unsigned round = 0; round < LK_AUDIT_RECORDS_PER_WORKER / COUNT + 2; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            struct lk_audit_record *place = lk_audit_place(ring, i);
            memset(place, 0xff, sizeof *place); /* what an older one left */
            *place = (struct lk_audit_record){.request_id = id + i, .status = 1};
        }
        assert_int_equal(lk_audit_take(ring, got, COUNT), 0);
        lk_audit_append(ring, COUNT, sha256);
        assert_int_equal(lk_audit_take(ring, got, COUNT), COUNT);
        assert_true(lk_audit_verify(chain, got, COUNT));
        for (uint32_t i = 0; i < COUNT; i++)
            assert_int_equal(got[i].request_id, id++);
    }
    free(ring);
}

static void audit_records_appended_together_are_one_chain(void **state)
{
    (void)state;
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    appended_together_are_one_chain(lk_sha256_lanes_library);
    if ((features >> LK_CPU_IFMA & 1) != 0) appended_together_are_one_chain(lk_sha256_lanes_ifma);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audit_records_appended_together_are_one_chain),
        cmocka_unit_test(audit_chain_of_a_recorded_run_verifies),
        cmocka_unit_test(audit_hash_covers_the_chain_and_the_whole_record),
        cmocka_unit_test(audit_verify_finds_every_edited_byte),
        cmocka_unit_test(audit_verify_finds_cuts_and_swaps),
        cmocka_unit_test(audit_ring_full_has_no_room_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
