/* A kernel of proofs that goes wrong: a right proof is accepted all the same, and the fault told; a
 * wrong one is good under no flip of a bit, in any stage, lane or digit. And what refusals cost.
 * LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "crypto/engine_poo_batch.h"
#include "tests/support/draw.h"
#include "tests/support/ec_faulty.h"
#include "tests/support/ec_proof.h"

#define LANES 10 /* five vectors of the slow model, two of the quick one */
#define ALL ((UINT64_C(1) << LANES) - 1)

struct scene {
    struct lk_poo_way way;
    unsigned less; /* the model is slow, and so are P-384 and libcrypto with it: so many times */
    struct lk_engine_work *work;
    struct lk_ec_proof proof[LANES];
    struct lk_operand operand[LANES];
    uint64_t right;
};

static uint64_t run(struct scene *s)
{
    for (unsigned i = 0; i < LANES; i++)
        s->operand[i] = lk_ec_proof_operand(&s->proof[i]);
    lk_poo_looks = 0;
    return s->way.row->run(s->work, s->operand, ALL);
}

static unsigned recomputed(const struct scene *s)
{
    unsigned count = 0;
    for (unsigned i = 0; i < LANES; i++)
        count += s->operand[i].recomputed && s->operand[i].by_kernel;
    return count;
}

/* Wrong by more than a bit of a number, which a flip could undo. */
static void draw(struct scene *s, uint64_t right)
{
    static const enum lk_ec_wrong how[] = {LK_EC_WRONG_KEY, LK_EC_WRONG_V, LK_EC_WRONG_SIGN,
                                           LK_EC_WRONG_X, LK_EC_WRONG_ORDER};
    s->right = right;
    for (unsigned i = 0; i < LANES; i++) {
        lk_ec_proof_draw(&s->proof[i], s->way.curve);
        if ((right >> i & 1) == 0) lk_ec_proof_spoil(&s->proof[i], how[i % 5]);
    }
}

static void with_kernel(const struct lk_poo_way *way, void (*test)(struct scene *s))
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->way = *way;
    s->less = (lk_poo_way_is_model(way) ? 10u : 1u) * (way->library == LK_ROW_POO_P256 ? 1u : 8u);
    s->work = lk_engine_work_new(0, false);
    test(s);
    lk_poo_spoil = NULL;
    lk_engine_work_free(s->work);
    free(s);
}

static void for_each_kernel(void (*test)(struct scene *s))
{
    for (unsigned curve = 0; curve < LK_EC_CURVES; curve++) {
        struct lk_poo_way ways[LK_POO_WAYS_MAX];
        unsigned count = lk_poo_ways(&lk_ec_curves[curve], ways);
        for (unsigned i = 0; i < count; i++)
            with_kernel(&ways[i], test);
    }
}

/* --- a bit ---------------------------------------------------------------------------------- */

static struct lk_flip drawn_flip(const unsigned passings[LK_FLIP_STAGES_MAX])
{
    struct lk_flip flip;
    do
        flip.stage = (enum lk_ec_stage)lk_draw_below(LK_EC_STAGE_COUNT);
    while (passings[flip.stage] == 0);
    flip.passing = (unsigned)lk_draw_below(passings[flip.stage]);
    flip.digit = (unsigned)lk_draw_below(25);
    flip.lane = (unsigned)lk_draw_below(8);
    flip.bit = (unsigned)lk_draw_below(64);
    return flip;
}

/* At first all are right: of one that is refused among many a bounded number is looked at again. */
static void flipped(struct scene *s)
{
    unsigned passings[LK_FLIP_STAGES_MAX], seen = 0;
    draw(s, ALL);
    lk_flip_set(NULL);
    assert_int_equal(run(s), s->right);
    lk_flip_end(passings);
    unsigned rounds = lk_draw_rounds(2000 / s->less, 200000 / s->less);
    for (unsigned round = 0; round < rounds; round++) {
        struct lk_flip flip = drawn_flip(passings);
        if (round % 64 == 63) draw(s, lk_draw() & ALL);
        lk_flip_set(&flip);
        uint64_t good = run(s);
        lk_flip_end(NULL);
        if ((good & ~s->right) != 0)
            fail_msg("%s %u, digit %u, lane %u, bit %u: a wrong proof is good",
                     lk_ec_stage_names[flip.stage], flip.passing, flip.digit, flip.lane, flip.bit);
        assert_true(__builtin_popcountll(s->right & ~good) <= 1);
        assert_true(recomputed(s) <= 1);
        seen += recomputed(s);
    }
    assert_true(seen > 0 || rounds < 60); /* one in ten, of the model */
}

static void flip_of_a_bit_makes_no_proof_good(void **state)
{
    (void)state;
    for_each_kernel(flipped);
}

/* In the last steps, one after the other, of P-384 every seventh: the batch is judged as it is all
 * the same. */
static void flip_last_steps(struct scene *s, void (*then)(const struct scene *s))
{
    unsigned passings[LK_FLIP_STAGES_MAX];
    uint64_t right = s->right;
    lk_flip_set(NULL);
    assert_int_equal(run(s), right);
    lk_flip_end(passings);
    unsigned step = 0, every = s->way.library == LK_ROW_POO_P256 ? 1 : s->less - 1; /* 7, 79 */
    for (unsigned lane = 0; lane < s->way.kernel->lanes; lane++) {
        struct lk_flip flip = {.stage = LK_EC_STAGE_CHECK, .lane = lane, .bit = 3};
        for (flip.passing = 0; flip.passing < passings[LK_EC_STAGE_CHECK]; flip.passing++) {
            for (flip.digit = 0; flip.digit < 6; flip.digit++) {
                if (step++ % every != 0) continue;
                lk_flip_set(&flip);
                assert_int_equal(run(s), right);
                lk_flip_end(NULL);
                if (then != NULL) then(s);
            }
        }
    }
}

/* As a fault, or as a proof that was not the kernel's. */
static void looks_are_told(const struct scene *s)
{
    unsigned told = recomputed(s);
    for (unsigned i = 0; i < LANES; i++)
        told += !s->operand[i].by_kernel;
    assert_int_equal(told, lk_poo_looks);
}

static void mended(struct scene *s)
{
    draw(s, ALL);
    flip_last_steps(s, looks_are_told);
}

/* [c]G + [c]G: the kernel's sum is zeros, and so are both sides of a comparison with any vG. */
static void draw_equal_points(struct scene *s)
{
    const struct lk_ec_curve *curve = s->way.curve;
    uint8_t one[LK_EC_BYTES_MAX] = {0}, v[LK_EC_BYTES_MAX] = {0};
    one[curve->bytes - 1] = 1;
    v[curve->bytes - 4] = 7;
    s->right = 0;
    for (unsigned i = 0; i < LANES; i++) {
        struct lk_ec_proof *proof = &s->proof[i];
        lk_draw_bytes(proof->c, sizeof proof->c);
        proof->c_bytes = 16;
        memset(proof->r, 0, curve->bytes - 16);
        memcpy(proof->r + curve->bytes - 16, proof->c, 16);
        lk_ec_proof_point(curve, proof->bg, one, false);
        lk_ec_proof_point(curve, proof->vg, v, false);
    }
}

static void verdict_flipped(struct scene *s)
{
    draw(s, 0);
    flip_last_steps(s, NULL);
    draw_equal_points(s);
    flip_last_steps(s, NULL);
}

/* Some have the right x, some the right y, some a sum of zeros. */
static void flip_in_the_verdict_makes_no_proof_good(void **state)
{
    (void)state;
    for_each_kernel(verdict_flipped);
}

static void right_proof_that_a_fault_refuses_is_accepted(void **state)
{
    (void)state;
    for_each_kernel(mended);
}

/* --- a kernel that is wrong ------------------------------------------------------------------ */

static void refuse_all(struct lk_poo_verdicts *verdicts, uint64_t live)
{
    (void)live;
    *verdicts = (struct lk_poo_verdicts){0, 0, 0};
}

static void points_bad(struct lk_poo_verdicts *verdicts, uint64_t live)
{
    *verdicts = (struct lk_poo_verdicts){0, live, 0};
}

static void tell_none(struct lk_poo_verdicts *verdicts, uint64_t live)
{
    *verdicts = (struct lk_poo_verdicts){0, 0, live};
}

static void all_looked_at(struct scene *s)
{
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        draw(s, ALL);
        lk_poo_spoil = wrong == 0 ? refuse_all : points_bad;
        assert_int_equal(run(s), ALL);
        assert_int_equal(lk_poo_looks, LANES);
        assert_int_equal(recomputed(s), LANES);
        for (unsigned i = 0; i < LANES; i++)
            assert_false(s->operand[i].point_bad);
    }
}

static void kernel_that_refuses_all_loses_nothing(void **state)
{
    (void)state;
    for_each_kernel(all_looked_at);
}

/* Wrong proofs that are called malformed would answer another fault. */
static void reason_mended(struct scene *s)
{
    draw(s, 0);
    lk_poo_spoil = points_bad;
    assert_int_equal(run(s), 0);
    assert_int_equal(recomputed(s), LANES);
    for (unsigned i = 0; i < LANES; i++)
        assert_false(s->operand[i].point_bad);
}

static void refusal_for_the_wrong_reason_is_mended(void **state)
{
    (void)state;
    for_each_kernel(reason_mended);
}

/* As if every proof had been made to be so: no fault of the kernel's. */
static void undecided(struct scene *s)
{
    draw(s, ALL);
    lk_poo_spoil = tell_none;
    assert_int_equal(run(s), ALL);
    assert_int_equal(lk_poo_looks, LANES);
    for (unsigned i = 0; i < LANES; i++) {
        assert_false(s->operand[i].recomputed);
        assert_false(s->operand[i].by_kernel);
        assert_int_equal(s->operand[i].extra_ns, lk_engine_rows[s->way.library].cost_ns);
    }
}

static void what_a_kernel_cannot_tell_the_library_does(void **state)
{
    (void)state;
    for_each_kernel(undecided);
}

/* --- a flood of wrong proofs ---------------------------------------------------------------- */

/* Two of a call are looked at twice, and in a few calls each lane is. */
static void bounded(struct scene *s)
{
    unsigned looked[LANES] = {0};
    for (unsigned call = 0; call < 2 * LANES / LK_POO_LOOKS; call++) {
        uint64_t extra_ns = 0;
        assert_int_equal(run(s), 0);
        assert_int_equal(lk_poo_looks, LK_POO_LOOKS);
        for (unsigned i = 0; i < LANES; i++) {
            extra_ns += s->operand[i].extra_ns;
            looked[i] += s->operand[i].extra_ns != 0;
        }
        assert_int_equal(extra_ns, LK_POO_LOOKS * lk_engine_rows[s->way.library].cost_ns);
        assert_int_equal(recomputed(s), 0);
    }
    for (unsigned i = 0; i < LANES; i++)
        assert_int_equal(looked[i], 2);
}

static void wrong_proofs(struct scene *s)
{
    draw(s, 0);
    bounded(s);
}

static void flood_of_wrong_proofs_is_not_judged_twice(void **state)
{
    (void)state;
    for_each_kernel(wrong_proofs);
}

/* r = 0 leaves the kernel without a verdict. */
static void undecided_proofs(struct scene *s)
{
    draw(s, 0);
    for (unsigned i = 0; i < LANES; i++) {
        lk_ec_proof_draw(&s->proof[i], s->way.curve);
        memset(s->proof[i].r, 0, sizeof s->proof[i].r);
    }
    bounded(s);
}

static void flood_of_undecided_proofs_is_not_judged_twice(void **state)
{
    (void)state;
    for_each_kernel(undecided_proofs);
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
        cmocka_unit_test(flip_of_a_bit_makes_no_proof_good),
        cmocka_unit_test(flip_in_the_verdict_makes_no_proof_good),
        cmocka_unit_test(right_proof_that_a_fault_refuses_is_accepted),
        cmocka_unit_test(kernel_that_refuses_all_loses_nothing),
        cmocka_unit_test(refusal_for_the_wrong_reason_is_mended),
        cmocka_unit_test(what_a_kernel_cannot_tell_the_library_does),
        cmocka_unit_test(flood_of_wrong_proofs_is_not_judged_twice),
        cmocka_unit_test(flood_of_undecided_proofs_is_not_judged_twice),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
