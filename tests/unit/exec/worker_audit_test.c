/* The record of a key use is in the ring of records before its answer is in the ring to the loop. The
 * linker puts the push below in the place of the ring's (Makefile), to look at that moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/clock.h"
#include "tests/support/ecdhe.h"
#include "tests/support/record.h"
#include "tests/support/rig.h"

#define ED25519 0x0807
#define REQUESTS 40

lk_err __real_lk_ring_push(struct lk_ring *ring, uint64_t ref);
lk_err __wrap_lk_ring_push(struct lk_ring *ring, uint64_t ref);

static struct lk_rig rig;
static uint32_t answers, early;

lk_err __wrap_lk_ring_push(struct lk_ring *ring, uint64_t ref)
{
    if (ring == &rig.out[0]) {
        answers++;
        if (atomic_load(&rig.audit->tail) < answers) early++;
    }
    return __real_lk_ring_push(ring, ref);
}

static void worker_records_a_key_use_before_it_answers(void **state)
{
    (void)state;
    lk_rig_init(&rig);
    lk_record_kernels(&rig.kernels, 8, 20 * LK_NS_PER_US);
    uint32_t key = lk_rig_key_fake(&rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(&rig, 1);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        uint8_t payload[LK_ECDHE_ASK_BYTES];
        struct lk_ecdhe_ask ask = {.scheme = ED25519, .number = i};
        lk_rig_fill(&rig, i, LK_X_TLS12_ECDHE, key, lk_ecdhe_ask(&rig.key[key], &ask, payload));
        lk_rig_push(&rig, i);
    }
    assert_int_equal(lk_rig_run(&rig), REQUESTS);
    assert_int_equal(answers, REQUESTS);
    assert_int_equal(early, 0);
    lk_rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_records_a_key_use_before_it_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
