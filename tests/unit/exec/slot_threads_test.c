/* A front and a worker as threads of one process: slots change hands by the rings alone. Its worth is in
 * a ThreadSanitizer build. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/support/ecdhe.h"
#include "tests/support/record.h"
#include "tests/support/rig.h"

enum { JOBS = 20000, SLOTS = 64 };

static struct lk_rig rig;
static _Atomic bool stop;

static void *work(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        struct lk_turn t = lk_worker_turn(rig.worker, &rig.keyring, rig.now_ns, rig.now_unix_s);
        LK_ASSERT(t.err == LK_OK);
        if (t.done == 0) sched_yield();
        struct lk_audit_record records[64];
        while (lk_audit_take(rig.audit, records, 64) > 0)
            ;
    }
    return NULL;
}

static void send(uint32_t index, uint32_t number)
{
    struct lk_ecdhe_ask ask = {.scheme = 0x0807, .time = (uint32_t)rig.now_unix_s, .number = number};
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    lk_rig_fill(&rig, index, LK_X_TLS12_ECDHE, 0, lk_ecdhe_ask(&rig.key[0], &ask, payload));
    lk_rig_push(&rig, index);
}

static void slot_changes_hands_by_the_rings_alone(void **state)
{
    (void)state;
    lk_rig_init(&rig);
    lk_record_kernels(&rig.kernels, 8, 20000);
    lk_rig_key_fake(&rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    rig.conf.window_ecdhe_s = 10;
    lk_rig_start(&rig, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
    uint32_t sent = 0, home = 0;
    for (; sent < SLOTS; sent++)
        send(sent, sent);
    while (home < JOBS) {
        struct lk_slot *slot = lk_rig_home(&rig, 0);
        if (slot == NULL) {
            sched_yield();
            continue;
        }
        assert_int_equal(slot->status, LK_STATUS_SUCCESS);
        assert_int_equal(slot->result_bytes, 2 + 64);
        uint32_t index = (uint32_t)(slot->request_id - 100);
        lk_slot_wipe(slot, slot->job_bytes);
        home++;
        if (sent < JOBS) send(index, sent++);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(sent, JOBS);
    lk_rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slot_changes_hands_by_the_rings_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
