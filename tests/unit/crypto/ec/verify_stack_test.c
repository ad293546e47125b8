/* How much stack the check of a signature takes: libssl may ask in an asynchronous job, whose stack
 * has 32 kB for all of a handshake and no guard behind it. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_signed.h"

#define STACK_BYTES ((size_t)256 << 10)
#define MOST ((size_t)12 << 10) /* of libcrypto's 32 kB, with libcrypto's own part in it */
#define PAINT 0x5c

static struct {
    ucontext_t test, job;
    uint8_t *stack;
    const struct lk_verify_kernel *kernel;
    struct lk_ec_signed one;
    uint8_t der[LK_EC_DER_BYTES_MAX];
    size_t len;
    enum lk_verify word;
} scene;

static void job(void)
{
    struct lk_ecdsa_check *check = lk_ecdsa_check_by(scene.kernel, scene.one.key);
    const struct lk_ecdsa_signed what = {scene.one.digest, scene.one.digest_bytes, scene.der,
                                         scene.len};
    scene.word = check != NULL ? lk_ecdsa_check_verify(check, &what) : LK_VERIFY_UNDECIDED;
    lk_ecdsa_check_free(check);
}

static size_t stack_taken(void)
{
    size_t untouched = 0;
    memset(scene.stack, PAINT, STACK_BYTES);
    LK_ASSERT(getcontext(&scene.job) == 0);
    scene.job.uc_stack.ss_sp = scene.stack;
    scene.job.uc_stack.ss_size = STACK_BYTES;
    scene.job.uc_link = &scene.test;
    makecontext(&scene.job, job, 0);
    LK_ASSERT(swapcontext(&scene.test, &scene.job) == 0);
    while (untouched < STACK_BYTES && scene.stack[untouched] == PAINT)
        untouched++;
    return STACK_BYTES - untouched;
}

static void check_fits_into_a_job_of_libcryptos(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its frames are larger */
#endif
    scene.stack = malloc(STACK_BYTES);
    LK_ASSERT(scene.stack != NULL);
    for (unsigned i = 0; i < LK_EC_CURVES; i++) {
        const struct lk_verify_kernel *ways[LK_VERIFY_WAYS_MAX];
        unsigned count = lk_verify_ways(&lk_ec_curves[i], ways);
        lk_ec_signed_draw(&scene.one, &lk_ec_curves[i]);
        scene.len = lk_ec_signed_der(&scene.one, scene.der);
        for (unsigned way = 0; way < count; way++) {
            scene.kernel = ways[way];
            size_t taken = stack_taken();
            printf("%s %s: %zu bytes\n", ways[way]->name, ways[way]->isa, taken);
            assert_int_equal(scene.word, LK_VERIFY_GOOD);
            assert_true(taken <= MOST);
        }
        lk_ec_signed_end(&scene.one);
    }
    free(scene.stack);
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(check_fits_into_a_job_of_libcryptos)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
