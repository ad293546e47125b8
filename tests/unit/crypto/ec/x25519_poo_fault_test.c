/* A kernel of proofs over Curve25519 in which a bit goes wrong, in any stage, lane or digit: no wrong proof
 * is good, a right one is accepted all the same, and the fault told. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/ec/x25519_const.h"
#include "crypto/engine_poo_batch.h"
#include "tests/support/draw.h"
#include "tests/support/flip.h"
#include "tests/support/u_proof.h"

#define LANES 10 /* five vectors of the model, two of the other */
#define ALL ((UINT64_C(1) << LANES) - 1)
#define NUMBERS 20 /* of the largest stage */

_Static_assert((int)LK_X25519_PROOF_STAGE_COUNT <= LK_FLIP_STAGES_MAX, "room for all");

struct scene {
    const struct lk_kernel *row;
    struct lk_engine_work *work;
    struct lk_u_proof proof[LANES];
    struct lk_operand operand[LANES];
    uint64_t right;
};

static uint64_t run(struct scene *s)
{
    for (unsigned i = 0; i < LANES; i++)
        s->operand[i] = lk_u_proof_operand(&s->proof[i]);
    return s->row->run(s->work, s->operand, ALL);
}

static unsigned recomputed(const struct scene *s)
{
    unsigned count = 0;
    for (unsigned i = 0; i < LANES; i++)
        count += s->operand[i].recomputed && s->operand[i].by_kernel;
    return count;
}

/* Those of `right` are right, and nearly none of the others. */
static void draw(struct scene *s, uint64_t right)
{
    s->right = 0;
    for (unsigned i = 0; i < LANES; i++) {
        s->proof[i].special = false;
        if ((right >> i & 1) != 0)
            lk_u_proof_right(&s->proof[i]);
        else
            lk_u_proof_wrong(&s->proof[i]);
        s->right |= (uint64_t)lk_u_proof_good(&s->proof[i]) << i;
    }
}

static struct lk_flip drawn_flip(const unsigned passings[LK_FLIP_STAGES_MAX])
{
    struct lk_flip flip;
    do
        flip.stage = (unsigned)lk_draw_below(LK_X25519_PROOF_STAGE_COUNT);
    while (passings[flip.stage] == 0);
    flip.passing = (unsigned)lk_draw_below(passings[flip.stage]);
    flip.digit = (unsigned)lk_draw_below(NUMBERS);
    flip.lane = (unsigned)lk_draw_below(8);
    flip.bit = (unsigned)lk_draw_below(64);
    return flip;
}

/* At first all are right: of one that is refused among many a bounded number is looked at again. */
static void flipped(struct scene *s, unsigned rounds)
{
    unsigned passings[LK_FLIP_STAGES_MAX], seen = 0;
    for (unsigned round = 0; round < rounds; round++) {
        if (round % 32 == 0) {
            draw(s, round == 0 ? ALL : lk_draw() & ALL);
            lk_flip_set(NULL);
            assert_int_equal(run(s), s->right);
            lk_flip_end(passings);
        }
        struct lk_flip flip = drawn_flip(passings);
        lk_flip_set(&flip);
        uint64_t good = run(s);
        lk_flip_end(NULL);
        if ((good & ~s->right) != 0)
            fail_msg("stage %u %u, digit %u, lane %u, bit %u: a wrong proof is good", flip.stage,
                     flip.passing, flip.digit, flip.lane, flip.bit);
        assert_true(__builtin_popcountll(s->right & ~good) <= 1);
        assert_true(recomputed(s) <= 1);
        seen += recomputed(s);
    }
    assert_true(seen > 0 || rounds < 50); /* sanitizers see few rounds */
}

static void with_row(const struct lk_kernel *row, void (*test)(struct scene *s, unsigned), unsigned rounds)
{
    static struct scene s;
    s.row = row;
    s.work = lk_engine_work_new(0, false);
    assert_non_null(s.work);
    test(&s, rounds);
    lk_engine_work_free(s.work);
}

static void flip_of_a_bit_makes_no_proof_good(void **state)
{
    (void)state;
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    with_row(&lk_poo_x25519_row_ref, flipped, lk_draw_rounds(60, 6000));
    if ((features >> LK_CPU_IFMA & 1) != 0)
        with_row(&lk_poo_x25519_row_ifma, flipped, lk_draw_rounds(400, 40000));
}

/* One that is right but for its vG, of which one mask alone tells. */
static void wrong_by_a_mask(struct scene *s, unsigned i)
{
    struct lk_u_proof other;
    lk_u_proof_right(&other);
    lk_u_proof_right(&s->proof[i]);
    memcpy(s->proof[i].vg, other.vg, sizeof other.vg);
    s->right &= ~(UINT64_C(1) << i);
    assert_false(lk_u_proof_good(&s->proof[i]));
}

/* Each mask of each lane, by a bit. */
static void masks_flipped(struct scene *s, unsigned bits)
{
    unsigned passings[LK_FLIP_STAGES_MAX];
    draw(s, lk_draw() & ALL);
    wrong_by_a_mask(s, (unsigned)lk_draw_below(LANES));
    lk_flip_set(NULL);
    assert_int_equal(run(s), s->right);
    lk_flip_end(passings);
    struct lk_flip flip = {.stage = LK_X25519_STAGE_VERDICT};
    for (flip.passing = 0; flip.passing < passings[LK_X25519_STAGE_VERDICT]; flip.passing++)
        for (flip.lane = 0; flip.lane < 8; flip.lane++)
            for (flip.digit = 0; flip.digit < 4; flip.digit++) {
                flip.bit = (unsigned)lk_draw_below(bits);
                lk_flip_set(&flip);
                uint64_t good = run(s);
                lk_flip_end(NULL);
                assert_int_equal(good & ~s->right, 0);
                assert_true(__builtin_popcountll(s->right & ~good) <= 1);
            }
}

static void flip_in_the_verdict_makes_no_proof_good(void **state)
{
    (void)state;
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    with_row(&lk_poo_x25519_row_ref, masks_flipped, 64);
    if ((features >> LK_CPU_IFMA & 1) != 0) with_row(&lk_poo_x25519_row_ifma, masks_flipped, 64);
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
        cmocka_unit_test(flip_of_a_bit_makes_no_proof_good),
        cmocka_unit_test(flip_in_the_verdict_makes_no_proof_good),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
