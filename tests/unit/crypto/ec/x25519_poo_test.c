/* Proofs of ownership over Curve25519, each instance against the library's judgement: right ones and
 * every way to be wrong, side by side in all lanes, and the few that the equation of u says nothing
 * about. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/draw.h"
#include "tests/support/u_proof.h"

/* --- judging ---------------------------------------------------------------------------------- */

struct scene {
    struct lk_u_proof proof[LK_POO_PROOFS_MAX];
    struct lk_poo_job job[LK_POO_PROOFS_MAX];
    uint64_t good, special; /* as the library has it */
};

static void scene_make(struct scene *s, void (*const *draw)(struct lk_u_proof *p), size_t kinds)
{
    s->good = s->special = 0;
    for (unsigned i = 0; i < LK_POO_PROOFS_MAX; i++) {
        struct lk_u_proof *p = &s->proof[i];
        p->special = false;
        draw[lk_draw_below(kinds)](p);
        s->job[i] = lk_u_proof_job(p);
        s->good |= (uint64_t)lk_u_proof_good(p) << i;
        s->special |= (uint64_t)p->special << i;
    }
}

static void scene_judge(const struct lk_poo_kernel *kernel, const struct scene *s, uint64_t live)
{
    void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    assert_non_null(work);
    memset(work, 0xa5, kernel->work_bytes);
    struct lk_poo_verdicts v = kernel->judge(work, s->job, live);
    free(work);
    assert_int_equal(v.point_bad, 0);
    assert_int_equal(v.undecided & ~(s->special & live), 0);
    assert_int_equal(v.good & v.undecided, 0);
    assert_int_equal(v.good, s->good & live & ~v.undecided);
}

static void judge_all(const struct scene *s)
{
    const struct lk_poo_kernel *kernels[] = {&lk_x25519_poo_x2_ref, &lk_x25519_poo_x8_ifma};
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    for (unsigned k = 0; k < 2; k++) {
        const struct lk_poo_kernel *kernel = kernels[k];
        if (kernel->needs != LK_CPU_FEATURE_COUNT && (features >> kernel->needs & 1) == 0) continue;
        uint64_t some = lk_draw_below(UINT64_MAX), one = UINT64_C(1) << lk_draw_below(64);
        scene_judge(kernel, s, ~UINT64_C(0));
        scene_judge(kernel, s, some);
        scene_judge(kernel, s, one);
        scene_judge(kernel, s, 0);
    }
}

static void right_proofs_are_good(void **state)
{
    (void)state;
    static void (*const draw[])(struct lk_u_proof *) = {lk_u_proof_right};
    static struct scene s;
    scene_make(&s, draw, 1);
    assert_int_equal(s.good, ~UINT64_C(0));
    judge_all(&s);
}

static void proofs_are_judged_as_the_library_does(void **state)
{
    (void)state;
    static void (*const draw[])(struct lk_u_proof *) = {lk_u_proof_right, lk_u_proof_wrong};
    static struct scene s;
    for (unsigned round = 0; round < lk_draw_rounds(6, 600); round++) {
        scene_make(&s, draw, 2);
        judge_all(&s);
    }
}

static void no_special_number_makes_a_wrong_proof_good(void **state)
{
    (void)state;
    static void (*const draw[])(struct lk_u_proof *) = {lk_u_proof_right, lk_u_proof_wrong, lk_u_proof_special, lk_u_proof_special};
    static struct scene s;
    for (unsigned round = 0; round < lk_draw_rounds(3, 300); round++) {
        scene_make(&s, draw, 4);
        judge_all(&s);
    }
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    lk_u_proof_begin();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lk_u_proof_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_proofs_are_good),
        cmocka_unit_test(proofs_are_judged_as_the_library_does),
        cmocka_unit_test(no_special_number_makes_a_wrong_proof_good),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
