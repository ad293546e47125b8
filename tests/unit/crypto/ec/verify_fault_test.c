/* A kernel of verifications that goes wrong by a bit: no wrong signature is good, whichever it is,
 * in any stage, lane or digit; a key is prepared right, or not at all. (That a right one it refuses
 * is accepted: unit/provider/verified_test.) LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_faulty.h"
#include "tests/support/ec_signed.h"

struct scene {
    const struct lk_verify_kernel *kernel;
    const struct lk_ec_curve *curve;
    unsigned less; /* the model is slow: so many times */
    struct lk_ec_signed one;
    uint64_t *prepared;
    void *work;
};

static void scene_prepare(struct scene *s)
{
    assert_true(s->kernel->prepare(s->work, s->prepared, s->one.xy));
}

static enum lk_verify run(const struct scene *s)
{
    const struct lk_verify_job job = {s->one.r, s->one.s, s->one.digest, s->one.digest_bytes};
    return s->kernel->verify(s->work, s->prepared, &job);
}

static void for_each_kernel(void (*test)(struct scene *s))
{
    for (unsigned c = 0; c < LK_EC_CURVES; c++) {
        const struct lk_verify_kernel *ways[LK_VERIFY_WAYS_MAX];
        unsigned count = lk_verify_ways(&lk_ec_curves[c], ways);
        for (unsigned i = 0; i < count; i++) {
            struct scene s = {.kernel = ways[i], .curve = &lk_ec_curves[c]};
            s.less = (i == 0 ? 10u : 1u) * (c == 0 ? 1u : 4u);
            s.prepared = malloc(s.kernel->prepared_bytes);
            s.work = aligned_alloc(64, (s.kernel->work_bytes + 63) / 64 * 64);
            LK_ASSERT(s.prepared != NULL && s.work != NULL);
            test(&s);
            free(s.work);
            free(s.prepared);
            lk_ec_signed_end(&s.one);
        }
    }
}

static struct lk_flip drawn_flip(const unsigned passings[LK_FLIP_STAGES_MAX])
{
    struct lk_flip flip;
    do
        flip.stage = (enum lk_ec_stage)lk_draw_below(LK_EC_STAGE_COUNT);
    while (passings[flip.stage] == 0);
    flip.passing = (unsigned)lk_draw_below(passings[flip.stage]);
    flip.digit = (unsigned)lk_draw_below(32);
    flip.lane = (unsigned)lk_draw_below(8);
    flip.bit = (unsigned)lk_draw_below(64);
    return flip;
}

static const char *where(const struct lk_flip *flip)
{
    static char text[80];
    snprintf(text, sizeof text, "%s %u, digit %u, lane %u, bit %u", lk_ec_stage_names[flip->stage],
             flip->passing, flip->digit, flip->lane, flip->bit);
    return text;
}

/* By more than a bit, which a flip could undo. */
static void spoil(struct scene *s, unsigned how)
{
    uint8_t *at[] = {s->one.r, s->one.s, s->one.digest};
    if (how < 3) lk_draw_bytes(at[how], s->curve->bytes);
    if (how == 3) memset(s->one.r, 0, sizeof s->one.r);
    if (how == 4) memset(s->one.s, 0, sizeof s->one.s);
    if (how == 5) memset(s->one.s, 0xff, sizeof s->one.s);
    if (how == 6) lk_ec_signed_equal_parts(&s->one, s->curve, false);
    if (how == 7) lk_ec_signed_equal_parts(&s->one, s->curve, true);
    if (how >= 6) scene_prepare(s);
}

static void draw(struct scene *s)
{
    lk_ec_signed_draw(&s->one, s->curve);
    scene_prepare(s);
}

static void count_passings(const struct scene *s, unsigned passings[LK_FLIP_STAGES_MAX])
{
    lk_flip_set(NULL);
    (void)run(s);
    lk_flip_end(passings);
}

/* --- a bit of a computation ------------------------------------------------------------------- */

static void wrong_flipped(struct scene *s)
{
    for (unsigned how = 0; how < 8; how++) {
        unsigned passings[LK_FLIP_STAGES_MAX];
        draw(s);
        spoil(s, how);
        count_passings(s, passings);
        for (unsigned i = 0; i < lk_draw_rounds(4000 / s->less, 100000 / s->less); i++) {
            struct lk_flip flip = drawn_flip(passings);
            lk_flip_set(&flip);
            enum lk_verify word = run(s);
            lk_flip_end(NULL);
            if (word == LK_VERIFY_GOOD) fail_msg("%s: a wrong signature is good", where(&flip));
        }
    }
}

static void flip_of_a_bit_makes_no_signature_good(void **state)
{
    (void)state;
    for_each_kernel(wrong_flipped);
}

/* In the last steps, one after the other; among them sums of zeros, which have any x. */
static void verdict_flipped(struct scene *s)
{
    for (unsigned how = 0; how < 8; how++) {
        unsigned passings[LK_FLIP_STAGES_MAX];
        draw(s);
        spoil(s, how);
        count_passings(s, passings);
        struct lk_flip flip = {.stage = LK_EC_STAGE_CHECK};
        for (; flip.passing < passings[flip.stage]; flip.passing++)
            for (unsigned at = 0; at < 8 * 64; at++) {
                flip.digit = at / 64, flip.bit = at % 64;
                lk_flip_set(&flip);
                enum lk_verify word = run(s);
                lk_flip_end(NULL);
                if (word == LK_VERIFY_GOOD) fail_msg("%s: a wrong one is good", where(&flip));
                if (s->less > 1) at += (unsigned)lk_draw_below(2 * s->less);
            }
    }
}

static void flip_in_the_verdict_makes_no_signature_good(void **state)
{
    (void)state;
    for_each_kernel(verdict_flipped);
}

/* That flips are there at all: most make a right one bad. */
static void right_flipped(struct scene *s)
{
    unsigned passings[LK_FLIP_STAGES_MAX], refused = 0;
    draw(s);
    count_passings(s, passings);
    assert_int_equal(run(s), LK_VERIFY_GOOD);
    for (unsigned i = 0; i < 200; i++) {
        struct lk_flip flip = drawn_flip(passings);
        lk_flip_set(&flip);
        refused += run(s) != LK_VERIFY_GOOD;
        lk_flip_end(NULL);
    }
    assert_in_range(refused, 1, 199);
}

static void flip_is_seen_in_right_signatures(void **state)
{
    (void)state;
    for_each_kernel(right_flipped);
}

/* --- a bit of a key ---------------------------------------------------------------------------- */

/* Prepared with a fault: as without one, or refused. */
static void key_flipped(struct scene *s)
{
    unsigned passings[LK_FLIP_STAGES_MAX], refused = 0;
    uint64_t *prepared = malloc(s->kernel->prepared_bytes);
    LK_ASSERT(prepared != NULL);
    draw(s);
    lk_flip_set(NULL);
    scene_prepare(s);
    lk_flip_end(passings);
    unsigned rounds = lk_draw_rounds(400 / s->less, 20000 / s->less);
    for (unsigned i = 0; i < rounds; i++) {
        struct lk_flip flip = drawn_flip(passings);
        lk_flip_set(&flip);
        bool good = s->kernel->prepare(s->work, prepared, s->one.xy);
        lk_flip_end(NULL);
        if (good && memcmp(prepared, s->prepared, s->kernel->prepared_bytes) != 0)
            fail_msg("%s: a wrong comb is taken", where(&flip));
        refused += !good;
    }
    assert_true(refused > 0 || rounds < 100);
    free(prepared);
}

static void flip_of_a_bit_makes_no_key_wrong(void **state)
{
    (void)state;
    for_each_kernel(key_flipped);
}

/* A prepared key that a bit is wrong in, for as long as the process lives. */
static void table_flipped(struct scene *s)
{
    unsigned words = (unsigned)(s->kernel->prepared_bytes / sizeof *s->prepared);
    draw(s);
    for (unsigned i = 0; i < lk_draw_rounds(2000 / s->less, 20000 / s->less); i++) {
        uint64_t *word = &s->prepared[lk_draw_below(words)], kept = *word;
        struct lk_ec_signed right = s->one;
        *word ^= UINT64_C(1) << lk_draw_below(64);
        spoil(s, (unsigned)lk_draw_below(6));
        assert_int_not_equal(run(s), LK_VERIFY_GOOD);
        *word = kept;
        s->one = right;
    }
}

static void wrong_table_makes_no_signature_good(void **state)
{
    (void)state;
    for_each_kernel(table_flipped);
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
        cmocka_unit_test(flip_of_a_bit_makes_no_signature_good),
        cmocka_unit_test(flip_in_the_verdict_makes_no_signature_good),
        cmocka_unit_test(flip_is_seen_in_right_signatures),
        cmocka_unit_test(flip_of_a_bit_makes_no_key_wrong),
        cmocka_unit_test(wrong_table_makes_no_signature_good),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
