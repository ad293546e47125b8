/* A bit of a kernel's computation is wrong: the lane it belongs to then gives nothing or what is
 * right, and the others what they always give. Each stage, each lane, at any time, in any digit.
 * LK_SEED=number repeats a run. */
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
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_edges.h"
#include "tests/support/rsa_faulty.h"
#include "tests/support/rsa_trial.h"

static const char *const stages[LK_RSA_STAGE_COUNT] = {"input", "table",     "square", "multiply",
                                                       "half",  "recombine", "result", "check"};

/* A batch of all lanes, what is right, and how often it passes each stage. */
struct scene {
    struct lk_bank bank;
    struct lk_trial trial;
    uint64_t all;
    uint8_t right[LK_RSA_REQUESTS_MAX][LK_SUBJECT_BYTES_MAX];
    unsigned passings[LK_FLIP_STAGES_MAX];
};

static struct scene *scene_open(const struct lk_rsa_kernel *kernel, enum lk_rsa_class size)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    lk_bank_open(&s->bank, size);
    lk_trial_open(&s->trial, kernel);
    return s;
}

static void scene_close(struct scene *s)
{
    lk_trial_close(&s->trial);
    lk_bank_close(&s->bank);
    free(s);
}

/* Signatures and decryptions in turn. */
static void scene_fill(struct scene *s)
{
    uint8_t c[LK_SUBJECT_BYTES_MAX];
    unsigned lanes = s->trial.kernel->requests;
    s->all = (UINT64_C(1) << lanes) - 1;
    for (unsigned i = 0; i < lanes; i++) {
        struct lk_subject *subject = &s->bank.key[lk_draw_below(s->bank.count)];
        lk_edge_draw(subject, i % 2 == 0 ? LK_EDGE_SIGNATURE : LK_EDGE_CIPHERTEXT, c);
        lk_trial_set(&s->trial, i, subject, c);
    }
    lk_flip_set(NULL);
    assert_int_equal(lk_trial_run(&s->trial, s->all), s->all);
    lk_flip_end(s->passings);
    for (unsigned i = 0; i < lanes; i++) {
        struct lk_subject *subject = s->trial.subject[i];
        assert_true(lk_subject_is_root(subject, s->trial.m[i], s->trial.c[i]));
        memcpy(s->right[i], s->trial.m[i], subject->k);
    }
}

/* Which of the two groups the passing belongs to: they come one after the other. The check has no
 * groups. */
static unsigned group_of(const struct scene *s, const struct lk_flip *flip)
{
    if (flip->stage == LK_RSA_STAGE_CHECK) return 0;
    return flip->passing / (s->passings[flip->stage] / 2);
}

static unsigned request_of(const struct scene *s, const struct lk_flip *flip)
{
    unsigned pairs = s->trial.kernel->group;
    if (flip->stage == LK_RSA_STAGE_CHECK) return flip->lane;
    return group_of(s, flip) * pairs + flip->lane % pairs;
}

/* From where the halves are put together only the lanes of p count: the lower half in the first
 * group, the upper in the second. */
static bool counts(const struct scene *s, const struct lk_flip *flip)
{
    if (flip->bit >= LK_RSA_DIGIT_BITS) return false;
    if (flip->stage < LK_RSA_STAGE_HALF || flip->stage == LK_RSA_STAGE_CHECK) return true;
    return flip->lane / s->trial.kernel->group == group_of(s, flip);
}

static void lane_check(const struct scene *s, unsigned lane)
{
    size_t k = s->trial.subject[lane]->k;
    assert_memory_equal(s->trial.m[lane], s->right[lane], k);
}

/* Whether the fault was seen. */
static bool flip_once(struct scene *s, const struct lk_flip *flip)
{
    unsigned lanes = s->trial.kernel->requests, spoilt = request_of(s, flip);
    lk_flip_set(flip);
    uint64_t returned = lk_trial_run(&s->trial, s->all);
    lk_flip_end(NULL);
    for (unsigned i = 0; i < lanes; i++) {
        bool there = (returned >> i & 1) != 0;
        if (there) lane_check(s, i);
        if (!there && i != spoilt)
            fail_msg("%s: lane %u of request %u took request %u along", stages[flip->stage],
                     flip->lane, spoilt, i);
    }
    return (returned >> spoilt & 1) == 0;
}

static struct lk_flip flip_draw(const struct scene *s, enum lk_rsa_stage stage, unsigned lane)
{
    bool above = lk_draw_below(8) == 0;
    return (struct lk_flip){
        .stage = stage,
        .passing = (unsigned)lk_draw_below(s->passings[stage]),
        .digit = (unsigned)lk_draw_below(2 * 2 * LK_RSA_DIGITS_MAX * 15),
        .lane = lane,
        .bit = (unsigned)(above ? 52 + lk_draw_below(12) : lk_draw_below(52)),
    };
}

/* A wrong power in the table does no harm where no window names it, as with a prime of ones, whose
 * exponents repeat themselves. All else that counts is seen. Returns how many were. */
static unsigned stage_and_lane(struct scene *s, enum lk_rsa_stage stage, unsigned lane,
                               unsigned rounds)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < rounds; i++) {
        struct lk_flip flip = flip_draw(s, stage, lane);
        bool was_seen = flip_once(s, &flip);
        seen += was_seen;
        if (!was_seen && stage != LK_RSA_STAGE_TABLE && counts(s, &flip))
            fail_msg("%s: passing %u, digit %u, lane %u, bit %u did nothing", stages[stage],
                     flip.passing, flip.digit, lane, flip.bit);
    }
    return seen;
}

/* All there is of a kernel; new requests for each stage. */
static void kernel_faults(const struct lk_rsa_kernel *kernel, enum lk_rsa_class size,
                          unsigned rounds)
{
    unsigned seen = 0, step = kernel->lanes / lk_draw_rounds(kernel->lanes, kernel->lanes);
    struct scene *s = scene_open(kernel, size);
    for (unsigned stage = 0; stage < LK_RSA_STAGE_COUNT; stage++) {
        scene_fill(s);
        assert_true(s->passings[stage] > 0);
        for (size_t lane = lk_draw_below(step); lane < kernel->lanes; lane += step)
            seen += stage_and_lane(s, (enum lk_rsa_stage)stage, (unsigned)lane, rounds);
    }
    assert_true(seen > 0);
    printf("%s %s: %u flips, %u of them seen\n", kernel->name, kernel->isa,
           LK_RSA_STAGE_COUNT * kernel->lanes / step * rounds, seen);
    scene_close(s);
}

static const struct {
    unsigned check, longer;
} rounds[LK_TRIAL_KERNELS_MAX][LK_RSA_CLASS_COUNT] = {
    {{5, 500}, {1, 50}, {1, 25}}, /* the model */
    {{30, 1000}, {5, 250}, {2, 100}},
};

static void fault_in_a_lane_gives_nothing_wrong(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels((enum lk_rsa_class)size, kernels);
        for (unsigned i = 0; i < count; i++)
            kernel_faults(kernels[i], (enum lk_rsa_class)size,
                          lk_draw_rounds(rounds[i][size].check, rounds[i][size].longer));
    }
}

/* --- a result that is right but for a multiple of the modulus ----------------------------------
 */

static struct {
    const struct lk_rsa_key *key;
    unsigned lane, group, passings, times;
} excess;

/* m + times n has the right power, and is not m. */
static void add_modulus(unsigned stage, uint64_t *numbers, unsigned count, unsigned lanes)
{
    if (stage != LK_RSA_STAGE_RESULT || excess.passings++ != excess.group) return;
    uint64_t carry = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t *digit = &numbers[i * lanes + excess.lane];
        uint64_t sum = *digit + excess.times * excess.key->n[i] + carry;
        carry = sum >> LK_RSA_DIGIT_BITS;
        *digit = sum & ((UINT64_C(1) << LK_RSA_DIGIT_BITS) - 1);
    }
    assert_int_equal(carry, 0);
}

static void excess_once(struct scene *s, unsigned request, unsigned times)
{
    unsigned pairs = s->trial.kernel->group, group = request / pairs;
    excess.key = s->trial.subject[request]->kernel;
    excess.lane = request; /* p of the second group is in the upper half */
    excess.group = group;
    excess.passings = 0;
    excess.times = times;
    lk_flip_also = add_modulus;
    uint64_t returned = lk_trial_run(&s->trial, s->all);
    lk_flip_also = NULL;
    assert_int_equal(returned, s->all & ~(UINT64_C(1) << request));
    for (unsigned i = 0; i < s->trial.kernel->requests; i++)
        if (i != request) lane_check(s, i);
}

static void result_above_the_modulus_is_not_returned(void **state)
{
    (void)state;
    const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
    unsigned count = lk_trial_kernels(LK_RSA_2048, kernels);
    for (unsigned i = 0; i < count; i++) {
        struct scene *s = scene_open(kernels[i], LK_RSA_2048);
        scene_fill(s);
        for (unsigned request = 0; request < kernels[i]->requests; request++)
            for (unsigned times = 1; times <= lk_draw_rounds(8, 8); times++)
                excess_once(s, request, times);
        scene_close(s);
    }
}

/* --- a result with more than 52 bits in a digit: no multiplication reads them ------------------
 */

static void bits_above_a_digit_do_not_leave(void **state)
{
    (void)state;
    const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
    unsigned count = lk_trial_kernels(LK_RSA_2048, kernels);
    for (unsigned i = 0; i < count; i++) {
        struct scene *s = scene_open(kernels[i], LK_RSA_2048);
        scene_fill(s);
        for (unsigned lane = 0; lane < kernels[i]->lanes; lane++)
            for (unsigned at = 0; at < lk_draw_rounds(48, 480); at++) {
                struct lk_flip flip = {.stage = LK_RSA_STAGE_RESULT,
                                           .passing = lane / kernels[i]->group,
                                           .digit = (unsigned)lk_draw_below(2 * 20),
                                           .lane = lane,
                                           .bit = LK_RSA_DIGIT_BITS + at % 12};
                flip_once(s, &flip);
            }
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
        cmocka_unit_test(result_above_the_modulus_is_not_returned),
        cmocka_unit_test(bits_above_a_digit_do_not_leave),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
