/* Which way the requests of a P-256 batch go, that all come out right either way, and what nonces
 * are made of: no two alike, over lanes, calls, work areas and forks; none without random bytes. */
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
#include "crypto/engine_p256_batch.h"
#include "crypto/rng.h"
#include "tests/support/draw.h"
#include "tests/support/p256_subject.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* ECDSA_verify over an EC_KEY */

#define LANES_MAX 64
#define KEYS 5
#define ROOM 80
#define TEXT_BYTES 64 /* of a digest at most: SHA-512's */

static bool no_random; /* the system has none */
bool __real_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);
bool __wrap_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);
bool __wrap_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len)
{
    return !no_random && __real_lk_rng_bytes(rng, out, len);
}

struct scene {
    struct lk_p256_subject key[KEYS];
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

static bool has_ifma(void)
{
    uint32_t features = 0;
    (void)lk_cpu_features(&features);
    return (features >> LK_CPU_IFMA & 1) != 0;
}

static void batch_of_every_fill_goes_to_the_kernel(void **state)
{
    struct scene *s = *state;
    if (!has_ifma()) skip();
    for (unsigned count = 1; count <= LANES_MAX; count++)
        assert_int_equal(run(s, &lk_p256_row_ifma, lanes(count)), lanes(count));
}

/* Gaps, and more than the plain model takes in a call. */
static void batch_serves_any_lanes(void **state)
{
    struct scene *s = *state;
    for (unsigned round = 0; round < 40; round++) {
        uint64_t live = 0;
        lk_draw_bytes((uint8_t *)&live, sizeof live);
        if (live == 0) continue;
        if (has_ifma()) run(s, &lk_p256_row_ifma, live);
        if (round < 6) assert_int_equal(run(s, &lk_p256_row_ref, live), live);
    }
}

static void batch_refuses_without_random_bytes(void **state)
{
    struct scene *s = *state;
    static const uint8_t zeros[ROOM];
    for (unsigned i = 0; i < 6; i++)
        lane_set(s, i);
    no_random = true;
    uint64_t good = lk_p256_row_ref.run(s->work, s->operand, lanes(6));
    no_random = false;
    assert_int_equal(good, 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(s->operand[i].out_bytes, 0);
        assert_memory_equal(s->out[i], zeros, lk_engine_key_facts(s->operand[i].key)->bytes);
    }
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

static void nonces_differ_over_lanes_and_calls(void **state)
{
    struct scene *s = *state;
    const struct lk_kernel *row = has_ifma() ? &lk_p256_row_ifma : &lk_p256_row_ref;
    size_t calls = lk_draw_rounds(has_ifma() ? 1600 : 16, 160000);
    struct seen *seen = calloc(calls * LANES_MAX, sizeof *seen);
    assert_non_null(seen);
    all_differ(seen, gather(s, row, seen, calls));
    free(seen);
}

/* A child goes on from the very state of its parent. */
static void nonces_differ_over_forks(void **state)
{
    struct scene *s = *state;
    const struct lk_kernel *row = has_ifma() ? &lk_p256_row_ifma : &lk_p256_row_ref;
    struct seen seen[4 * LANES_MAX];
    int line[2], status;
    assert_int_equal(gather(s, row, seen, 1), LANES_MAX);
    assert_int_equal(pipe(line), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        size_t bytes = gather(s, row, seen, 1) * sizeof seen[0];
        _exit(write(line[1], seen, bytes) == (ssize_t)bytes ? 0 : 1);
    }
    assert_int_equal(gather(s, row, seen + LANES_MAX, 2), 2 * LANES_MAX);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ssize_t bytes = LANES_MAX * sizeof seen[0];
    assert_int_equal(read(line[0], seen + 3 * LANES_MAX, (size_t)bytes), bytes);
    close(line[0]), close(line[1]);
    all_differ(seen, 4 * LANES_MAX);
}

static int scene_open(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    for (unsigned i = 0; i < KEYS; i++)
        lk_p256_subject_init(&s->key[i], NULL);
    s->work = lk_engine_work_new(0, false);
    LK_ASSERT(s->work != NULL);
    *state = s;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *s = *state;
    for (unsigned i = 0; i < KEYS; i++)
        lk_p256_subject_fini(&s->key[i]);
    lk_engine_work_free(s->work);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_of_every_fill_goes_to_the_kernel),
        cmocka_unit_test(batch_serves_any_lanes),
        cmocka_unit_test(batch_refuses_without_random_bytes),
        cmocka_unit_test(nonces_differ_over_lanes_and_calls),
        cmocka_unit_test(nonces_differ_over_forks),
    };
    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
