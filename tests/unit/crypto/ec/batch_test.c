/* Which way the requests of a batch of P-256 or P-384 go, that all come out right either way, and
 * what nonces are made of: no two alike, over lanes, calls, threads and forks; none without random
 * bytes. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ec.h>

#include "core/base/err.h"
#include "crypto/engine_key.h"
#include "crypto/engine_ec_batch.h"
#include "crypto/rng.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* ECDSA_verify over an EC_KEY */

#define LANES_MAX 64
#define KEYS 5
#define ROOM 112
#define TEXT_BYTES 64 /* of a digest at most: SHA-512's */

static bool no_random; /* the system has none */
bool __real_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);
bool __wrap_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);
bool __wrap_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len)
{
    return !no_random && __real_lk_rng_bytes(rng, out, len);
}

struct scene {
    const struct lk_ec_curve *curve;
    struct lk_ec_subject key[KEYS];
    struct lk_engine_work *work;
    struct lk_operand operand[LANES_MAX];
    uint8_t digest[LANES_MAX][TEXT_BYTES];
    size_t digest_bytes[LANES_MAX];
    uint8_t out[LANES_MAX][ROOM];
};

/* Digests of SHA-256, 384 and 512; in place where the lane is odd. */
static void lane_set(struct scene *s, unsigned lane)
{
    static const size_t lengths[] = {32, 48, 64};
    s->digest_bytes[lane] = lengths[lane % 3];
    lk_draw_bytes(s->digest[lane], sizeof s->digest[lane]);
    memcpy(s->out[lane], s->digest[lane], sizeof s->digest[lane]);
    s->operand[lane] = (struct lk_operand){.key = s->key[lane % KEYS].engine,
                                           .in = lane % 2 != 0 ? s->out[lane] : s->digest[lane],
                                           .in_bytes = s->digest_bytes[lane],
                                           .out = s->out[lane],
                                           .recomputed = true};
}

static bool verifies(const struct scene *s, unsigned lane)
{
    return ECDSA_verify(0, s->digest[lane], (int)s->digest_bytes[lane], s->out[lane],
                        (int)s->operand[lane].out_bytes, s->key[lane % KEYS].ec) == 1;
}

static uint64_t lanes(unsigned count)
{
    return ~UINT64_C(0) >> (64 - count);
}

/* All of `live` good and right; returns those that a kernel made. */
static uint64_t run(struct scene *s, const struct lk_kernel *row, uint64_t live)
{
    uint64_t by_kernel = 0;
    for (unsigned i = 0; i < LANES_MAX; i++)
        if ((live >> i & 1) != 0) lane_set(s, i);
    assert_int_equal(row->run(s->work, s->operand, live), live);
    for (unsigned i = 0; i < LANES_MAX; i++) {
        if ((live >> i & 1) == 0) continue;
        assert_false(s->operand[i].recomputed);
        assert_true(verifies(s, i));
        if (s->operand[i].by_kernel) by_kernel |= UINT64_C(1) << i;
    }
    return by_kernel;
}

static void for_each_curve(void (*test)(struct scene *s))
{
    for (unsigned curve = 0; curve < LK_EC_CURVES; curve++) {
        struct scene *s = calloc(1, sizeof *s);
        LK_ASSERT(s != NULL);
        s->curve = &lk_ec_curves[curve];
        for (unsigned i = 0; i < KEYS; i++)
            lk_ec_subject_init(&s->key[i], s->curve, NULL);
        s->work = lk_engine_work_new(0, false);
        LK_ASSERT(s->work != NULL);
        test(s);
        for (unsigned i = 0; i < KEYS; i++)
            lk_ec_subject_fini(&s->key[i]);
        lk_engine_work_free(s->work);
        free(s);
    }
}

static bool has_ifma(void)
{
    uint32_t features = 0;
    (void)lk_cpu_features(&features);
    return (features >> LK_CPU_IFMA & 1) != 0;
}

/* The library takes a millisecond to verify a signature of P-384. */
static bool quick(const struct scene *s)
{
    return s->curve->row == LK_ROW_P256;
}

static void every_fill(struct scene *s)
{
    for (unsigned count = 1; count <= LANES_MAX; count += quick(s) ? 1 : 7)
        assert_int_equal(run(s, s->curve->row_ifma, lanes(count)), lanes(count));
}

static void batch_of_every_fill_goes_to_the_kernel(void **state)
{
    (void)state;
    if (!has_ifma()) skip();
    for_each_curve(every_fill);
}

/* Gaps, and more than the plain model takes in a call. */
static void any_lanes(struct scene *s)
{
    for (unsigned round = 0; round < (quick(s) ? 40 : 8); round++) {
        uint64_t live = 0;
        lk_draw_bytes((uint8_t *)&live, sizeof live);
        if (live == 0) continue;
        if (has_ifma()) run(s, s->curve->row_ifma, live);
        if (round < (quick(s) ? 6 : 2)) assert_int_equal(run(s, s->curve->row_ref, live), live);
    }
}

static void batch_serves_any_lanes(void **state)
{
    (void)state;
    for_each_curve(any_lanes);
}

static void without_random_bytes(struct scene *s)
{
    static const uint8_t zeros[ROOM];
    for (unsigned i = 0; i < 6; i++)
        lane_set(s, i);
    no_random = true;
    uint64_t good = s->curve->row_ref->run(s->work, s->operand, lanes(6));
    no_random = false;
    assert_int_equal(good, 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(s->operand[i].out_bytes, 0);
        assert_memory_equal(s->out[i], zeros, lk_engine_key_facts(s->operand[i].key)->bytes);
    }
}

static void batch_refuses_without_random_bytes(void **state)
{
    (void)state;
    for_each_curve(without_random_bytes);
}

/* --- no two alike -------------------------------------------------------------------------------
 *
 * r names the nonce: 128 bits of it are kept. */

struct seen {
    uint64_t word[2];
};

static int seen_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct seen));
}

static void all_differ(struct seen *seen, size_t count)
{
    qsort(seen, count, sizeof *seen, seen_compare);
    for (size_t i = 1; i < count; i++)
        assert_int_not_equal(seen_compare(&seen[i - 1], &seen[i]), 0);
}

/* The last 16 bytes of r in its DER. */
static struct seen seen_of(const uint8_t *der)
{
    struct seen seen;
    size_t r = der[3];
    memcpy(&seen, der + 4 + r - sizeof seen, sizeof seen);
    return seen;
}

/* One digest and one key, over and over. */
static void same_text_everywhere(struct scene *s)
{
    for (unsigned i = 0; i < LANES_MAX; i++) {
        memset(s->digest[i], 7, sizeof s->digest[i]);
        s->operand[i] = (struct lk_operand){
            .key = s->key[0].engine, .in = s->digest[i], .in_bytes = 32, .out = s->out[i]};
    }
}

static size_t gather(struct scene *s, const struct lk_kernel *row, struct seen *seen, size_t calls)
{
    size_t count = 0;
    same_text_everywhere(s);
    for (size_t call = 0; call < calls; call++) {
        assert_int_equal(row->run(s->work, s->operand, ~UINT64_C(0)), ~UINT64_C(0));
        for (unsigned i = 0; i < LANES_MAX; i++)
            seen[count++] = seen_of(s->out[i]);
    }
    return count;
}

static const struct lk_kernel *fastest(const struct scene *s)
{
    return has_ifma() ? s->curve->row_ifma : s->curve->row_ref;
}

static void over_lanes_and_calls(struct scene *s)
{
    size_t calls = lk_draw_rounds(has_ifma() ? 800 : 8, 80000);
    struct seen *seen = calloc(calls * LANES_MAX, sizeof *seen);
    assert_non_null(seen);
    all_differ(seen, gather(s, fastest(s), seen, calls));
    free(seen);
}

static void nonces_differ_over_lanes_and_calls(void **state)
{
    (void)state;
    for_each_curve(over_lanes_and_calls);
}

/* Workers, each with a work of its own; keys they share. */
#define THREADS 4
struct worker {
    pthread_t thread;
    struct scene scene;
    struct seen *seen;
    size_t calls;
};

static void *worker_run(void *context)
{
    struct worker *w = context;
    gather(&w->scene, fastest(&w->scene), w->seen, w->calls);
    return NULL;
}

static void over_threads(struct scene *s)
{
    static struct worker worker[THREADS];
    size_t calls = lk_draw_rounds(has_ifma() ? 200 : 2, 20000);
    struct seen *seen = calloc(THREADS * calls * LANES_MAX, sizeof *seen);
    assert_non_null(seen);
    for (unsigned i = 0; i < THREADS; i++) {
        worker[i] = (struct worker){
            .scene = *s, .seen = seen + i * calls * LANES_MAX, .calls = calls};
        worker[i].scene.work = lk_engine_work_new(0, false);
        LK_ASSERT(worker[i].scene.work != NULL);
        LK_ASSERT(pthread_create(&worker[i].thread, NULL, worker_run, &worker[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        LK_ASSERT(pthread_join(worker[i].thread, NULL) == 0);
        lk_engine_work_free(worker[i].scene.work);
    }
    all_differ(seen, THREADS * calls * LANES_MAX);
    free(seen);
}

static void nonces_differ_over_threads(void **state)
{
    (void)state;
    for_each_curve(over_threads);
}

/* A child goes on from the very state of its parent. */
static void over_forks(struct scene *s)
{
    struct seen seen[4 * LANES_MAX];
    int line[2], status;
    assert_int_equal(gather(s, fastest(s), seen, 1), LANES_MAX);
    assert_int_equal(pipe(line), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        size_t bytes = gather(s, fastest(s), seen, 1) * sizeof seen[0];
        _exit(write(line[1], seen, bytes) == (ssize_t)bytes ? 0 : 1);
    }
    assert_int_equal(gather(s, fastest(s), seen + LANES_MAX, 2), 2 * LANES_MAX);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ssize_t bytes = LANES_MAX * sizeof seen[0];
    assert_int_equal(read(line[0], seen + 3 * LANES_MAX, (size_t)bytes), bytes);
    close(line[0]), close(line[1]);
    all_differ(seen, 4 * LANES_MAX);
}

static void nonces_differ_over_forks(void **state)
{
    (void)state;
    for_each_curve(over_forks);
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_of_every_fill_goes_to_the_kernel),
        cmocka_unit_test(batch_serves_any_lanes),
        cmocka_unit_test(batch_refuses_without_random_bytes),
        cmocka_unit_test(nonces_differ_over_lanes_and_calls),
        cmocka_unit_test(nonces_differ_over_threads),
        cmocka_unit_test(nonces_differ_over_forks),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
