/* The rows of P-256 and P-384, seen from above: signatures that verify, a fault in a kernel mended
 * and told, nothing where the library goes wrong as well, nothing without random bytes, and no r
 * twice. LK_SEED=number repeats a run. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>

#include "core/base/err.h"
#include "crypto/engine_ec_batch.h"
#include "tests/support/draw.h"
#include "tests/support/ec_faulty.h"
#include "tests/support/ec_subject.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define LANES 64

/* The program's own definition stands before libc's. */
static enum { FRESH, STUCK, NONE } source;

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    if (source == NONE) {
        errno = ENOSYS;
        return -1;
    }
    if (source == FRESH) return syscall(SYS_getrandom, buffer, length, flags);
    memset(buffer, 0x42, length);
    return (ssize_t)length;
}

struct scene {
    const struct lk_ec_curve *curve;
    const struct lk_kernel *row;
    struct lk_engine_work *work;
    struct lk_ec_subject key[3];
    struct lk_operand operand[LANES];
    uint8_t digest[LANES][32], out[LANES][112];
};

static uint64_t run(struct scene *s, uint64_t live)
{
    for (unsigned i = 0; i < LANES; i++) {
        lk_draw_bytes(s->digest[i], 32);
        memcpy(s->out[i], s->digest[i], 32); /* odd lanes sign in place */
        s->operand[i] = (struct lk_operand){.key = s->key[i % 3].engine,
                                            .in = i % 2 != 0 ? s->out[i] : s->digest[i],
                                            .in_bytes = 32,
                                            .out = s->out[i]};
    }
    return s->row->run(s->work, s->operand, live);
}

static bool verifies(const struct scene *s, unsigned i)
{
    return ECDSA_verify(0, s->digest[i], 32, s->out[i], (int)s->operand[i].out_bytes,
                        s->key[i % 3].ec) == 1;
}

static uint64_t some(unsigned count)
{
    return ~UINT64_C(0) >> (64 - count);
}

static void for_each_row(void (*test)(struct scene *s))
{
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned which = 0; which < count; which++) {
        struct scene *s = calloc(1, sizeof *s);
        LK_ASSERT(s != NULL);
        source = FRESH;
        s->curve = lk_ec_curve_of(kernels[which]);
        s->row = kernels[which] == s->curve->ref ? s->curve->row_ref : s->curve->row_ifma;
        s->work = lk_engine_work_new(0, false);
        for (unsigned i = 0; i < 3; i++)
            lk_ec_subject_init(&s->key[i], s->curve, NULL);
        test(s);
        for (unsigned i = 0; i < 3; i++)
            lk_ec_subject_fini(&s->key[i]);
        lk_engine_work_free(s->work);
        free(s);
    }
}

static void fills(struct scene *s)
{
    for (unsigned count = 1; count <= LANES; count += count < 4 ? 1 : 12) {
        assert_int_equal(run(s, some(count)), some(count));
        for (unsigned i = 0; i < count; i++) {
            assert_true(verifies(s, i));
            assert_false(s->operand[i].recomputed);
            assert_true(s->operand[i].by_kernel);
        }
    }
}

static void batch_of_any_fill_verifies(void **state)
{
    (void)state;
    for_each_row(fills);
}

static void faults(struct scene *s)
{
    struct lk_flip flip = {.stage = LK_EC_STAGE_S, .lane = 1, .bit = 7};
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        lk_ec_fault_library = wrong != 0;
        lk_flip_set(&flip);
        uint64_t good = run(s, some(8));
        lk_flip_end(NULL);
        lk_ec_fault_library = false;
        assert_int_equal(good, wrong ? some(8) & ~UINT64_C(2) : some(8));
        for (unsigned i = 0; i < 8; i++) {
            assert_int_equal(s->operand[i].recomputed, i == 1);
            assert_true(s->operand[i].by_kernel);
            assert_int_equal(verifies(s, i), (good >> i & 1) != 0);
        }
        for (size_t i = 0; wrong && i < 8 + 2 * s->curve->bytes; i++)
            assert_int_equal(s->out[1][i], 0);
    }
}

static void fault_in_a_kernel_is_mended_and_told(void **state)
{
    (void)state;
    for_each_row(faults);
}

static void without_source(struct scene *s)
{
    source = NONE;
    assert_int_equal(run(s, some(LANES)), 0);
    for (unsigned i = 0; i < LANES; i++)
        for (size_t at = 0; at < 8 + 2 * s->curve->bytes; at++)
            assert_int_equal(s->out[i][at], 0);
    source = FRESH;
}

static void without_random_bytes_nothing_is_signed(void **state)
{
    (void)state;
    for_each_row(without_source);
}

#define KEPT 32 /* bytes of r, the last */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, KEPT);
}

/* r stands for the nonce. Digests are all different, so a stuck source may not make two alike. */
static void distinct(struct scene *s)
{
    unsigned rounds = s->row == s->curve->row_ref ? 4 : 1600, count = 0;
    uint8_t(*r)[KEPT] = calloc((size_t)rounds * LANES, KEPT);
    for (unsigned round = 0; round < rounds; round++) {
        source = round / 16 % 2 != 0 ? STUCK : FRESH; /* a pool is sixteen draws */
        assert_int_equal(run(s, some(LANES)), some(LANES));
        for (unsigned i = 0; i < LANES; i++) {
            const uint8_t *at = s->out[i] + 3;
            size_t len = *at++, kept = len < KEPT ? len : KEPT;
            memcpy(r[count++] + KEPT - kept, at + len - kept, kept);
        }
    }
    qsort(r, count, KEPT, by_bytes);
    for (unsigned i = 1; i < count; i++)
        assert_memory_not_equal(r[i - 1], r[i], KEPT);
    free(r);
}

static void no_nonce_comes_twice(void **state)
{
    (void)state;
    for_each_row(distinct);
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
        cmocka_unit_test(batch_of_any_fill_verifies),
        cmocka_unit_test(fault_in_a_kernel_is_mended_and_told),
        cmocka_unit_test(without_random_bytes_nothing_is_signed),
        cmocka_unit_test(no_nonce_comes_twice),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
