/* What a lane makes of a job from a front that lies: it judges its own copy, by the vault's own rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/exec/lane.h"
#include "tests/support/ecdhe.h"
#include "tests/support/rig.h"

#define ED25519 0x0807
#define TENANT 2

struct bench {
    struct lk_rig rig;
    struct lk_lane *lane;
    struct lk_slot_place place;
    struct lk_slot *slot;
    uint32_t key;
};

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    *state = b;
    lk_rig_init(&b->rig);
    b->key = lk_rig_key_fake(&b->rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    b->rig.key[b->key].tenant = TENANT;
    lk_rig_start(&b->rig, 1);
    b->lane = aligned_alloc(64, lk_lane_bytes(false));
    memset(b->lane, 0, lk_lane_bytes(false));
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    struct lk_ecdhe_ask ask = {.scheme = ED25519, .number = 5};
    b->slot = lk_rig_fill(&b->rig, 0, LK_X_TLS12_ECDHE, b->key, lk_ecdhe_ask(&b->rig.key[b->key], &ask, payload));
    b->place = (struct lk_slot_place){.slot = b->slot,
                                      .body_bytes = LK_SLOT_SMALL_BODY_BYTES,
                                      .ref = lk_slot_ref(b->slot->generation, 0)};
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    free(b->lane);
    lk_rig_fini(&b->rig);
    free(b);
    return 0;
}

static bool admit(struct bench *b)
{
    assert_int_equal(lk_lane_copy(b->lane, &b->place), LK_OK);
    return lk_lane_admit(b->lane, &b->rig.keyring, b->rig.counters);
}

static void refused_with(struct bench *b, uint8_t status)
{
    assert_false(admit(b));
    assert_int_equal(b->lane->verdict, LK_VERDICT_ANSWER);
    assert_int_equal(b->lane->status, status);
    assert_int_equal(b->rig.counters->value[LK_C_VAULT_DENIED], 1);
}

static void lane_of_an_honest_front_goes_on(void **state)
{
    struct bench *b = *state;
    assert_true(admit(b));
    assert_ptr_equal(b->lane->key, &b->rig.key[b->key]);
    assert_int_equal(b->lane->row, LK_ROW_ED25519);
    assert_int_equal(b->rig.counters->value[LK_C_VAULT_DENIED], 0);
}

/* Whatever the front writes once the copy is made has no part in verdict, key or bytes. */
static void lane_looks_at_its_copy_alone(void **state)
{
    struct bench *b = *state;
    uint8_t job[LK_ECDHE_ASK_BYTES];
    uint32_t job_bytes = b->slot->job_bytes;
    memcpy(job, b->slot->body, job_bytes);
    assert_int_equal(lk_lane_copy(b->lane, &b->place), LK_OK);
    memset(b->slot, 0xff, LK_SLOT_SMALL_BYTES);
    assert_true(lk_lane_admit(b->lane, &b->rig.keyring, b->rig.counters));
    assert_ptr_equal(b->lane->key, &b->rig.key[b->key]);
    assert_int_equal(b->lane->job_bytes, job_bytes);
    assert_memory_equal(b->lane->job, job, job_bytes);
    const uint8_t *from = b->lane->job, *to = from + job_bytes;
    assert_true(b->lane->s >= from && b->lane->s < to);
    assert_true(b->lane->request.ske.params.data >= from && b->lane->request.ske.params.data < to);
}

static void lane_knows_no_other_generation_or_state(void **state)
{
    struct bench *b = *state;
    b->place.ref += UINT64_C(1) << 32;
    assert_int_equal(lk_lane_copy(b->lane, &b->place), LK_ERR_ABSURD);
    b->place.ref -= UINT64_C(1) << 32;
    b->slot->state = LK_SLOT_DONE;
    assert_int_equal(lk_lane_copy(b->lane, &b->place), LK_ERR_ABSURD);
    b->slot->state = LK_SLOT_SENT;
    assert_int_equal(lk_lane_copy(b->lane, &b->place), LK_OK);
}

static void lane_copies_no_more_than_its_class_holds(void **state)
{
    struct bench *b = *state;
    static const uint32_t lengths[] = {LK_SLOT_SMALL_BODY_BYTES + 1, LK_SLOT_LARGE_BODY_BYTES, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        b->slot->job_bytes = lengths[i];
        b->rig.counters->value[LK_C_VAULT_DENIED] = 0;
        refused_with(b, LK_STATUS_UNDEFINED_ERROR);
        assert_int_equal(b->lane->job_bytes, 0);
    }
}

static void lane_gets_no_exchange_that_its_key_is_not_for(void **state)
{
    struct bench *b = *state;
    b->rig.key[b->key].rights.exchanges = LK_EXCHANGE_BIT(LK_X_TLS12_RSA_MASTER);
    refused_with(b, LK_TLS12_INVALID_KEY_ID);
}

static void lane_gets_no_exchange_that_does_not_exist(void **state)
{
    struct bench *b = *state;
    static const uint16_t numbers[] = {LK_X_LURK_PING, LK_EXCHANGE_COUNT, UINT16_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        b->slot->exchange = numbers[i];
        b->rig.counters->value[LK_C_VAULT_DENIED] = 0;
        refused_with(b, LK_STATUS_UNDEFINED_ERROR);
    }
}

static void lane_gets_no_key_of_another_tenant(void **state)
{
    struct bench *b = *state;
    b->slot->tenant = TENANT + 1;
    refused_with(b, LK_TLS12_INVALID_KEY_ID);
}

static void lane_gets_no_key_that_its_payload_does_not_name(void **state)
{
    struct bench *b = *state;
    uint32_t other = lk_rig_key_fake(&b->rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    b->rig.key[other].tenant = TENANT;
    b->slot->key_handle = b->rig.key[other].handle;
    refused_with(b, LK_TLS12_INVALID_KEY_ID);
}

static void lane_gets_no_handle_of_another_generation(void **state)
{
    struct bench *b = *state;
    static const uint64_t steps[] = {UINT64_C(1) << 32, 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        b->slot->key_handle = b->rig.key[b->key].handle + steps[i];
        assert_false(admit(b));
        assert_int_equal(b->lane->verdict, LK_VERDICT_TEMPORARY);
        assert_int_equal(b->rig.counters->value[LK_C_REFUSED_HANDLE], i + 1);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(lane_of_an_honest_front_goes_on),
        T(lane_looks_at_its_copy_alone),
        T(lane_knows_no_other_generation_or_state),
        T(lane_copies_no_more_than_its_class_holds),
        T(lane_gets_no_exchange_that_its_key_is_not_for),
        T(lane_gets_no_exchange_that_does_not_exist),
        T(lane_gets_no_key_of_another_tenant),
        T(lane_gets_no_key_that_its_payload_does_not_name),
        T(lane_gets_no_handle_of_another_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
