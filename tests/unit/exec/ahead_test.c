/* What is done ahead for many lanes is what each alone would have come to, whoever stands beside it,
 * by the library and in lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/exec/ahead.h"
#include "core/exec/exchange.h"
#include "core/policy/freshness.h"
#include "crypto/cpu.h"
#include "tests/support/ecdhe.h"
#include "tests/support/record.h"
#include "tests/support/rig.h"

#define LANES 40 /* two full rounds and a part of one */
#define NOW INT64_C(1710268418)
#define P256_SHA256 0x0403
#define P256_SHA384 0x0503
#define ED25519 0x0807

struct bench {
    struct lk_rig rig;
    struct lk_kernels kernels;
    struct lk_novelty_view novelty;
    uint32_t p256, ed25519;
    struct lk_ahead *ahead;
    struct lk_lane *lane[LANES];
};

static void *memory_of(size_t align, size_t bytes)
{
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, align, bytes), 0);
    memset(memory, 0, bytes);
    return memory;
}

static void lane_make(struct bench *b, uint32_t i)
{
    static const uint16_t schemes[] = {P256_SHA256, P256_SHA384, ED25519};
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    struct lk_ecdhe_ask ask = {.scheme = schemes[i % 3], .number = i};
    uint32_t key = ask.scheme == ED25519 ? b->ed25519 : b->p256;
    struct lk_slot *slot = lk_rig_fill(&b->rig, i, LK_X_TLS12_ECDHE, key,
                                       lk_ecdhe_ask(&b->rig.key[key], &ask, payload));
    slot->peer_hash = i % 5;
    struct lk_slot_place place = {.slot = slot,
                                  .body_bytes = LK_SLOT_SMALL_BODY_BYTES,
                                  .ref = lk_slot_ref(slot->generation, i)};
    b->lane[i] = memory_of(64, lk_lane_bytes(false));
    b->lane[i]->large = i % 7 == 6; /* hashed alone */
    assert_int_equal(lk_lane_copy(b->lane[i], &place), LK_OK);
    assert_true(lk_lane_admit(b->lane[i], &b->rig.keyring, b->rig.counters));
}

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    *state = b;
    lk_rig_init(&b->rig);
    lk_record_kernels(&b->kernels, 8, 20);
    b->p256 = lk_rig_key_fake(&b->rig, LK_KEY_P256, LK_ROW_P256, 72);
    b->ed25519 = lk_rig_key_fake(&b->rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(&b->rig, 1);
    size_t bytes = lk_novelty_bytes(1024);
    void *table = memory_of(4096, bytes);
    assert_int_equal(lk_novelty_attach(&b->novelty, table, bytes, NOW), LK_OK);
    b->ahead = memory_of(64, sizeof *b->ahead);
    lk_ahead_init(b->ahead, &b->kernels, &b->novelty);
    for (uint32_t i = 0; i < LANES; i++)
        lane_make(b, i);
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    for (uint32_t i = 0; i < LANES; i++)
        free(b->lane[i]);
    free(b->ahead);
    free(b->novelty.table);
    lk_rig_fini(&b->rig);
    free(b);
    return 0;
}

static void digest_right(const struct lk_lane *lane, const uint8_t *fs)
{
    const struct lk_bytes params = lane->request.ske.params;
    struct lk_piece text[] = {{lane->client_random, LK_RANDOM_BYTES}, {fs, LK_RANDOM_BYTES}, {params.data, params.len}};
    uint8_t want[LK_SHA256_BYTES];
    assert_int_equal(lane->digested, lane->scheme == P256_SHA256);
    if (!lane->digested) return;
    lk_hash_pieces(LK_SHA256, text, 3, want);
    assert_memory_equal(lane->digest, want, sizeof want);
}

static void lane_right(const struct bench *b, const struct lk_lane *lane)
{
    uint8_t fs[LK_RANDOM_BYTES];
    lk_freshness_tls12(0, lane->s, fs);
    assert_memory_equal(lane->fs, fs, sizeof fs);
    digest_right(lane, fs);
    struct lk_novelty_ask ask = {.key_full = lane->key->keyid.full,
                                 .s = lane->s,
                                 .peer_hash = lk_lane_head(lane)->peer_hash,
                                 .payload = {lane->job, lane->job_bytes}};
    struct lk_novelty_place place;
    lk_novelty_find(&b->novelty, lk_siphash_many_plain, &ask, 1, &place);
    assert_int_equal(lane->novelty.print, place.print);
    assert_int_equal(lane->novelty.bucket[0], place.bucket[0]);
    assert_int_equal(lane->novelty.bucket[1], place.bucket[1]);
    assert_int_equal(lane->novelty.peer_payload, place.peer_payload);
    assert_true(lane->point == NULL || lane->point_good);
}

static void run(struct bench *b)
{
    for (uint32_t i = 0; i < LANES; i++)
        lk_ahead_add(b->ahead, b->lane[i]);
    lk_ahead_run(b->ahead);
    for (uint32_t i = 0; i < LANES; i++)
        lane_right(b, b->lane[i]);
}

static void ahead_by_the_library_is_what_each_lane_comes_to(void **state)
{
    run(*state);
}

static void ahead_in_lanes_is_what_each_lane_comes_to(void **state)
{
    struct bench *b = *state;
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    if ((features >> LK_CPU_IFMA & 1) == 0) skip();
    b->kernels.sha256 = lk_sha256_x16_ifma.hash;
    b->kernels.siphash = lk_siphash_many_ifma;
    b->kernels.points_p256 = lk_p256_points_ifma;
    run(b);
}

static void ahead_without_a_table_finds_no_place(void **state)
{
    struct bench *b = *state;
    lk_ahead_init(b->ahead, &b->kernels, NULL);
    lk_ahead_add(b->ahead, b->lane[0]);
    lk_ahead_run(b->ahead);
    assert_int_equal(b->lane[0]->novelty.print, 0);
    assert_true(b->lane[0]->digested);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ahead_by_the_library_is_what_each_lane_comes_to, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(ahead_in_lanes_is_what_each_lane_comes_to, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(ahead_without_a_table_finds_no_place, open_bench, close_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
