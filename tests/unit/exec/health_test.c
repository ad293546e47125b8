/* A kernel that goes wrong: what its workers make of it. Two workers of one vault, each a rig of its own
 * with the same keys; their RSA-2048 and RSA-3072 rows run on the portable kernels, which spoil.h makes
 * go wrong, and on the library once they are out of service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>

#include "core/exec/health.h"
#include "crypto/engine_rsa_batch.h"
#include "tests/support/ecdhe.h"
#include "tests/support/rig.h"
#include "tests/support/spoil.h"

#define RSA_PKCS1 0x0401

enum { WORKERS = 2, ROW = LK_ROW_RSA2048, OTHER = LK_ROW_RSA3072, KEY = 0, OTHER_KEY = 1 };

extern const struct lk_rsa_kernel __real_lk_rsa_private_x2_ref[LK_RSA_CLASS_COUNT];
struct lk_rsa_kernel __wrap_lk_rsa_private_x2_ref[LK_RSA_CLASS_COUNT];

struct world {
    struct lk_rig rig[WORKERS];
    struct lk_health health;
    uint32_t number; /* of the last S */
};

static char *pem_of(EVP_PKEY *key)
{
    char *text, *copy = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &text);
    copy = strndup(text, (size_t)len);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return copy;
}

static char *pems[2];

static int make_keys(void **state)
{
    (void)state;
    pems[KEY] = pem_of(EVP_RSA_gen(2048));
    pems[OTHER_KEY] = pem_of(EVP_RSA_gen(3072));
    lk_spoil_kernels(__wrap_lk_rsa_private_x2_ref, __real_lk_rsa_private_x2_ref);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    free(pems[KEY]);
    free(pems[OTHER_KEY]);
    return 0;
}

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    for (unsigned i = 0; i < WORKERS; i++) {
        struct lk_rig *rig = &w->rig[i];
        lk_rig_init(rig);
        rig->kernels.row[ROW] = lk_rsa_rows_ref[LK_RSA_2048];
        rig->kernels.row[OTHER] = lk_rsa_rows_ref[LK_RSA_3072];
        rig->conf.health = &w->health;
        assert_int_equal(lk_rig_key(rig, pems[KEY]), KEY);
        assert_int_equal(lk_rig_key(rig, pems[OTHER_KEY]), OTHER_KEY);
        lk_rig_start(rig, 1);
    }
    lk_spoil_next(0);
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < WORKERS; i++)
        lk_rig_fini(&w->rig[i]);
    free(w);
    return 0;
}

static void send(struct lk_rig *rig, uint32_t index, uint32_t key, uint32_t number)
{
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    struct lk_ecdhe_ask ask = {
        .scheme = RSA_PKCS1, .time = (uint32_t)rig->now_unix_s, .number = number};
    lk_rig_fill(rig, index, LK_X_TLS12_ECDHE, key, lk_ecdhe_ask(&rig->key[key], &ask, payload));
    lk_rig_push(rig, index);
}

/* PKCS#1 v1.5 has one right signature for a text: that of a worker whose kernel stays sound. */
static void expect_sound(uint32_t key, uint32_t number, const struct lk_slot *got)
{
    static struct lk_rig sound;
    lk_rig_init(&sound);
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        sound.kernels.row[r] = sound.kernels.library[r];
    lk_rig_key(&sound, pems[KEY]);
    lk_rig_key(&sound, pems[OTHER_KEY]);
    lk_rig_start(&sound, 1);
    send(&sound, 0, key, number);
    lk_rig_run(&sound);
    const struct lk_slot *want = lk_rig_home(&sound, 0);
    assert_int_equal(got->status, LK_STATUS_SUCCESS);
    assert_int_equal(got->result_bytes, want->result_bytes);
    assert_memory_equal(got->body, want->body, want->result_bytes);
    lk_rig_fini(&sound);
}

/* One request of worker i, whose answer is right whatever its kernel does. */
static void ask(struct world *w, unsigned i, uint32_t key)
{
    struct lk_rig *rig = &w->rig[i];
    uint32_t number = ++w->number;
    send(rig, 0, key, number);
    assert_int_equal(lk_rig_run(rig), 1);
    expect_sound(key, number, lk_rig_home(rig, 0));
}

static uint64_t lanes(const struct world *w, unsigned i, enum lk_way way, unsigned row)
{
    return w->rig[i].counters->way_lanes[way][row];
}

static uint64_t faults(const struct world *w, unsigned row)
{
    return w->rig[0].counters->kernel_faults[row] + w->rig[1].counters->kernel_faults[row];
}

/* --- the record ------------------------------------------------------------------------------- */

static void health_third_fault_of_a_row_takes_it_out(void **state)
{
    (void)state;
    struct lk_health health = {0};
    for (uint32_t n = 1; n <= 5; n++) {
        lk_health_fault(&health, LK_ROW_RSA4096);
        assert_int_equal(lk_health_faults(&health, LK_ROW_RSA4096), n);
        assert_int_equal(lk_health_out(&health), n < 3 ? 0 : 1 << LK_ROW_RSA4096);
    }
    lk_health_fault(&health, LK_ROW_RSA2048);
    lk_health_fault(&health, LK_ROW_RSA3072);
    assert_int_equal(lk_health_out(&health), 1 << LK_ROW_RSA4096);
}

enum { THREADS = 4, EACH = 1000 };

static void *report(void *arg)
{
    struct lk_health *health = arg;
    uint32_t out = 0;
    for (unsigned i = 0; i < EACH; i++) {
        lk_health_fault(health, LK_ROW_RSA2048);
        uint32_t now = lk_health_out(health);
        if ((out & ~now) != 0) return NULL; /* came back */
        out = now;
    }
    return health;
}

static void health_loses_no_fault_of_many_threads(void **state)
{
    (void)state;
    struct lk_health health = {0};
    pthread_t thread[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, report, &health), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(thread[i], &result);
        assert_non_null(result);
    }
    assert_int_equal(lk_health_faults(&health, LK_ROW_RSA2048), THREADS * EACH);
    assert_int_equal(lk_health_out(&health), 1 << LK_ROW_RSA2048);
}

/* --- workers ---------------------------------------------------------------------------------- */

static void health_fault_is_counted_and_the_answer_right(void **state)
{
    struct world *w = *state;
    lk_spoil_next(2);
    ask(w, 0, KEY);
    ask(w, 0, KEY);
    ask(w, 0, KEY);
    assert_int_equal(lk_spoil_left(), 0);
    assert_int_equal(faults(w, ROW), 2);
    assert_int_equal(w->rig[0].counters->value[LK_C_RESULT_FAULTS], 2);
    assert_int_equal(lanes(w, 0, LK_WAY_KERNEL, ROW), 3); /* two are not three */
    assert_int_equal(lk_health_out(&w->health), 0);
}

static void health_third_fault_sends_every_worker_to_the_library(void **state)
{
    struct world *w = *state;
    ask(w, 1, KEY);
    lk_spoil_next(100);
    ask(w, 0, KEY);
    ask(w, 1, KEY);
    ask(w, 0, KEY);
    assert_int_equal(faults(w, ROW), 3);
    for (unsigned i = 0; i < WORKERS; i++) {
        uint64_t before = lanes(w, i, LK_WAY_KERNEL, ROW);
        assert_int_equal(before, 2);
        for (unsigned n = 0; n < 3; n++)
            ask(w, i, KEY);
        assert_int_equal(lanes(w, i, LK_WAY_KERNEL, ROW), before);
        assert_int_equal(lanes(w, i, LK_WAY_LIBRARY, ROW), 3);
    }
    assert_int_equal(faults(w, ROW), 3);
    assert_int_equal(lk_spoil_left(), 97); /* no kernel was asked again */
}

static void health_other_rows_keep_their_kernels(void **state)
{
    struct world *w = *state;
    lk_spoil_next(3);
    for (unsigned n = 0; n < 4; n++)
        ask(w, n % WORKERS, KEY);
    ask(w, 0, OTHER_KEY);
    assert_int_equal(lanes(w, 0, LK_WAY_KERNEL, OTHER), 1);
    assert_int_equal(lanes(w, 0, LK_WAY_LIBRARY, OTHER), 0);
    assert_int_equal(faults(w, OTHER), 0);
    assert_int_equal(lk_health_out(&w->health), 1 << ROW);
}

/* Lanes that waited for the kernel are served by the library, one after another, in their order. */
static void health_waiting_lanes_go_to_the_library(void **state)
{
    struct world *w = *state;
    struct lk_rig *rig = &w->rig[0];
    enum { REQUESTS = 7 };
    lk_spoil_next(3);
    for (uint32_t i = 0; i < REQUESTS; i++)
        send(rig, i, KEY, 100 + i);
    assert_int_equal(lk_rig_run(rig), REQUESTS);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        const struct lk_slot *slot = lk_rig_home(rig, 0);
        assert_int_equal(slot->request_id, 100 + i);
        expect_sound(KEY, 100 + i, slot);
    }
    assert_int_equal(lanes(w, 0, LK_WAY_KERNEL, ROW), 4); /* batches of two */
    assert_int_equal(lanes(w, 0, LK_WAY_LIBRARY, ROW), 3);
    assert_int_equal(rig->counters->batches[ROW], 2 + 3);
}

/* A new keyring is all a worker sees of a reload. */
static void health_reload_brings_no_kernel_back(void **state)
{
    struct world *w = *state;
    lk_spoil_next(3);
    for (unsigned n = 0; n < 3; n++)
        ask(w, 0, KEY);
    struct lk_keyring before = w->rig[0].keyring;
    w->rig[0].keyring = (struct lk_keyring){.generation = 2, .key = before.key, .count = before.count};
    lk_worker_turn(w->rig[0].worker, &before, w->rig[0].now_ns, w->rig[0].now_unix_s);
    ask(w, 0, KEY);
    lk_rig_epoch(&w->rig[0]);
    ask(w, 0, KEY);
    assert_int_equal(lanes(w, 0, LK_WAY_KERNEL, ROW), 3);
    assert_int_equal(lanes(w, 0, LK_WAY_LIBRARY, ROW), 2);
}

/* The library's first result wrong, or that of a lane it took off a kernel's hands. */
static uint64_t run_wrong_library(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = lk_rsa_run_library(work, operand, live);
    for (; live != 0; live &= live - 1)
        operand[__builtin_ctzll(live)].recomputed = true;
    return good;
}

static void health_library_fault_is_not_the_kernels(void **state)
{
    struct world *w = *state;
    w->rig[0].kernels.row[ROW].run = run_wrong_library;
    for (unsigned n = 0; n < 5; n++)
        ask(w, 0, KEY);
    assert_int_equal(w->rig[0].counters->value[LK_C_RESULT_FAULTS], 5);
    assert_int_equal(faults(w, ROW), 0);
    assert_int_equal(lk_health_out(&w->health), 0);
    ask(w, 1, KEY);
    assert_int_equal(lanes(w, 1, LK_WAY_KERNEL, ROW), 1);
}

/* The thread around a turn hears of faults, and of nothing else. */
static void health_turn_tells_of_its_faults(void **state)
{
    struct world *w = *state;
    struct lk_rig *rig = &w->rig[0];
    lk_spoil_next(2);
    for (uint32_t i = 0; i < 3; i++)
        send(rig, i, KEY, i);
    uint32_t told = 0;
    struct lk_turn turn;
    do {
        turn = lk_worker_turn(rig->worker, &rig->keyring, rig->now_ns, rig->now_unix_s);
        told += turn.kernel_faults;
    } while (turn.left > 0);
    assert_int_equal(told, 2);
    assert_int_equal(turn.kernel_faults, 0); /* the last turn had the third request, which was sound */
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_third_fault_of_a_row_takes_it_out),
        cmocka_unit_test(health_loses_no_fault_of_many_threads),
        IN_WORLD(health_fault_is_counted_and_the_answer_right),
        IN_WORLD(health_third_fault_sends_every_worker_to_the_library),
        IN_WORLD(health_other_rows_keep_their_kernels),
        IN_WORLD(health_waiting_lanes_go_to_the_library),
        IN_WORLD(health_reload_brings_no_kernel_back),
        IN_WORLD(health_library_fault_is_not_the_kernels),
        IN_WORLD(health_turn_tells_of_its_faults),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
