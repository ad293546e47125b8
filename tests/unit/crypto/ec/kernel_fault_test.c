/* A bit of a kernel's computation is wrong: what it then returns is a signature all the same, or
 * the lane gives nothing, and the others what they always give. Each stage, each lane, at any time,
 * in any digit. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_faulty.h"
#include "tests/support/ec_subject.h"

/* A batch, what is right, and how often it passes each stage. */
struct scene {
    const struct lk_ec_curve *curve;
    struct lk_ec_trial trial;
    struct lk_ec_subject key[LK_EC_REQUESTS_MAX];
    unsigned count; /* requests */
    uint64_t all;
    uint8_t right[LK_EC_REQUESTS_MAX][2 * LK_EC_BYTES_MAX];
    unsigned passings[LK_FLIP_STAGES_MAX];
};

static struct scene *scene_open(const struct lk_ec_kernel *kernel)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->curve = lk_ec_curve_of(kernel);
    lk_ec_trial_open(&s->trial, kernel);
    for (unsigned i = 0; i < LK_EC_REQUESTS_MAX; i++)
        lk_ec_subject_init(&s->key[i], s->curve, NULL);
    return s;
}

static void scene_close(struct scene *s)
{
    for (unsigned i = 0; i < LK_EC_REQUESTS_MAX; i++)
        lk_ec_subject_fini(&s->key[i]);
    lk_ec_trial_close(&s->trial);
    free(s);
}

static bool verifies(const struct scene *s, unsigned lane)
{
    const struct lk_ec_trial *t = &s->trial;
    return lk_ec_subject_verifies(&s->key[lane], t->digest[lane], s->curve->bytes,
                                  t->signature[lane]);
}

/* Three vectors: a pair that is added side by side, and one alone. */
static void scene_fill(struct scene *s)
{
    s->count = 3 * s->trial.kernel->lanes;
    s->all = ~UINT64_C(0) >> (64 - s->count);
    for (unsigned i = 0; i < s->count; i++)
        lk_ec_trial_set(&s->trial, i, &s->key[i], s->curve->bytes);
    lk_flip_set(NULL);
    assert_int_equal(lk_ec_trial_run(&s->trial, s->all), s->all);
    lk_flip_end(s->passings);
    for (unsigned i = 0; i < s->count; i++) {
        assert_true(verifies(s, i));
        memcpy(s->right[i], s->trial.signature[i], sizeof s->right[i]);
    }
}

/* An inversion is shared by the same lane of all vectors. */
static bool touches(const struct scene *s, const struct lk_flip *flip, unsigned request)
{
    return request % s->trial.kernel->lanes == flip->lane;
}

/* Returns how many lanes gave nothing. */
static unsigned flip_once(struct scene *s, const struct lk_flip *flip)
{
    const char *stage = lk_ec_stage_names[flip->stage];
    unsigned dead = 0;
    lk_flip_set(flip);
    uint64_t returned = lk_ec_trial_run(&s->trial, s->all);
    lk_flip_end(NULL);
    for (unsigned i = 0; i < s->count; i++) {
        bool there = (returned >> i & 1) != 0, touched = touches(s, flip, i);
        bool same = memcmp(s->trial.signature[i], s->right[i], 2 * s->curve->bytes) == 0;
        dead += !there;
        if (!there && !touched) fail_msg("%s: lane %u took request %u along", stage, flip->lane, i);
        if (there && !touched) assert_true(same);
        if (there && !same && !verifies(s, i))
            fail_msg("%s: passing %u, digit %u, lane %u, bit %u: request %u is wrong", stage,
                     flip->passing, flip->digit, flip->lane, flip->bit, i);
    }
    if (flip->stage != LK_EC_STAGE_INVERSE) assert_true(dead <= 1);
    return dead;
}

/* Whether a flip must be seen. Another nonce is a nonce too. Bits above a digit are not multiplied,
 * but where they are added or are the entry's tag; y has either sign. */
static bool counts(const struct lk_flip *flip)
{
    if (flip->stage == LK_EC_STAGE_NONCE || flip->stage == LK_EC_STAGE_SIGN) return false;
    if (flip->stage == LK_EC_STAGE_ODD) return false;
    if (flip->stage == LK_EC_STAGE_ENTRY) return true;
    return flip->bit < 52;
}

static unsigned stage_and_lane(struct scene *s, enum lk_ec_stage stage, unsigned lane,
                               unsigned rounds)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < rounds; i++) {
        bool above = lk_draw_below(8) == 0;
        struct lk_flip flip = {
            .stage = stage,
            .passing = (unsigned)lk_draw_below(s->passings[stage]),
            .digit = (unsigned)lk_draw_below(4 * s->curve->digits),
            .lane = lane,
            .bit = (unsigned)(above ? 52 + lk_draw_below(12) : lk_draw_below(52)),
        };
        unsigned dead = flip_once(s, &flip);
        seen += dead > 0;
        if (dead == 0 && counts(&flip))
            fail_msg("%s: passing %u, digit %u, lane %u, bit %u did nothing",
                     lk_ec_stage_names[stage], flip.passing, flip.digit, lane, flip.bit);
    }
    return seen;
}

static void kernel_faults(const struct lk_ec_kernel *kernel, unsigned rounds)
{
    struct scene *s = scene_open(kernel);
    printf("%s %s: of %u flips were seen:", kernel->name, kernel->isa, kernel->lanes * rounds);
    for (unsigned stage = 0; stage < LK_EC_STAGE_COUNT; stage++) {
        unsigned seen = 0;
        scene_fill(s);
        assert_true(s->passings[stage] > 0);
        for (unsigned lane = 0; lane < kernel->lanes; lane++)
            seen += stage_and_lane(s, (enum lk_ec_stage)stage, lane, rounds);
        printf(" %s %u", lk_ec_stage_names[stage], seen);
    }
    printf("\n");
    scene_close(s);
}

static void fault_in_a_lane_gives_nothing_wrong(void **state)
{
    (void)state;
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned i = 0; i < count; i++) {
        const struct lk_ec_curve *curve = lk_ec_curve_of(kernels[i]);
        unsigned rounds = kernels[i] == curve->ifma ? 120 : 40, longer = 100;
        if (curve->row == LK_ROW_P384)
            rounds /= 4, longer /= 4; /* whose runs take as much longer */
        kernel_faults(kernels[i], lk_draw_rounds(rounds, longer * rounds));
    }
}

/* Every bit of an entry and of its tag, and the sign, in one window after another; of P-384, which
 * takes five times as long, one in five. */
static void entry_faults(struct scene *s)
{
    unsigned digits = 2 * s->curve->digits, step = s->curve->row == LK_ROW_P256 ? 1 : 5;
    scene_fill(s);
    for (unsigned i = 0; i < 64 * digits; i += step) {
        struct lk_flip flip = {.stage = LK_EC_STAGE_ENTRY,
                                  .passing = (7 * (i / digits) + i % digits) %
                                             s->passings[LK_EC_STAGE_ENTRY],
                                  .digit = i % digits,
                                  .lane = i / digits % s->trial.kernel->lanes,
                                  .bit = i / digits};
        assert_int_equal(flip_once(s, &flip), 1);
    }
}

static void entry_that_was_not_wanted_is_seen(void **state)
{
    (void)state;
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned i = 0; i < count; i++) {
        struct scene *s = scene_open(kernels[i]);
        entry_faults(s);
        scene_close(s);
    }
}

/* A word of the key is wrong from here on: the two copies of d no longer agree. */
static void key_faults(struct scene *s)
{
    scene_fill(s);
    for (unsigned i = 0; i < 2 * s->curve->digits; i++) {
        unsigned lane = (unsigned)lk_draw_below(s->count);
        struct lk_ec_key *key = s->key[lane].kernel;
        unsigned digits = s->curve->digits, top = 8 * s->curve->bytes - 52 * (digits - 1);
        uint64_t *word = i < digits ? &key->d_r[i] : &key->d_r2[i - digits];
        uint64_t bit = UINT64_C(1) << lk_draw_below(i % digits < digits - 1 ? 52 : top);
        *word ^= bit;
        assert_int_equal(lk_ec_trial_run(&s->trial, s->all), s->all & ~(UINT64_C(1) << lane));
        *word ^= bit;
    }
}

static void key_that_changed_in_memory_signs_nothing(void **state)
{
    (void)state;
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned i = 0; i < count; i++) {
        struct scene *s = scene_open(kernels[i]);
        key_faults(s);
        scene_close(s);
    }
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
        cmocka_unit_test(fault_in_a_lane_gives_nothing_wrong),
        cmocka_unit_test(entry_that_was_not_wanted_is_seen),
        cmocka_unit_test(key_that_changed_in_memory_signs_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
