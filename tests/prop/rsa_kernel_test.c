/* The RSA kernels against libcrypto, on random batches: keys of every kind and operands of every
 * kind side by side, some lanes dead, some results in the place of their operands.
 * LK_SEED=number repeats a run; LK_LONG=1 makes it a long one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/draw.h"
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_edges.h"
#include "tests/support/rsa_trial.h"

#define FULL_ONE_IN 200 /* results that are also compared with the library's private operation */

static const char *const edges[LK_EDGE_BELOW_COUNT] = {
    "0",  "1",   "n-1",   "ones",      "digits",     "sparse", "dense", "p",
    "p*", "2^i", "small", "signature", "ciphertext", "bad",    "random"};

static uint64_t draw_live(const struct lk_rsa_kernel *kernel)
{
    uint64_t all = (UINT64_C(1) << kernel->requests) - 1;
    if (lk_draw_below(3) != 0) return all;
    return 1 + lk_draw_below(all);
}

/* Half of the batches have keys of all kinds, half one key in all lanes. */
static void draw_lane(struct lk_trial *trial, struct lk_bank *bank, unsigned lane, unsigned one_key)
{
    size_t which = one_key < bank->count ? one_key : lk_draw_below(bank->count);
    struct lk_subject *subject = &bank->key[which];
    uint8_t c[LK_SUBJECT_BYTES_MAX];
    lk_edge_draw(subject, (enum lk_edge)lk_draw_below(LK_EDGE_BELOW_COUNT), c);
    lk_trial_set(trial, lane, subject, c);
    if (lk_draw_below(2) == 0) lk_trial_in_place(trial, lane);
}

static void lane_check(struct lk_trial *trial, unsigned lane)
{
    struct lk_subject *subject = trial->subject[lane];
    assert_true(lk_subject_is_root(subject, trial->m[lane], trial->c[lane]));
    if (lk_draw_below(FULL_ONE_IN) != 0) return;
    uint8_t m[LK_SUBJECT_BYTES_MAX];
    lk_subject_root(subject, trial->c[lane], m);
    assert_memory_equal(m, trial->m[lane], subject->k);
}

/* Returns the operations done. */
static unsigned batch_check(struct lk_trial *trial, struct lk_bank *bank)
{
    uint64_t live = draw_live(trial->kernel);
    unsigned one_key = (unsigned)lk_draw_below(2 * bank->count), done = 0;
    lk_trial_clear(trial);
    for (unsigned lane = 0; lane < trial->kernel->requests; lane++)
        if ((live >> lane & 1) != 0) draw_lane(trial, bank, lane, one_key);
    assert_int_equal(lk_trial_run(trial, live), live);
    for (unsigned lane = 0; lane < trial->kernel->requests; lane++) {
        if ((live >> lane & 1) == 0) continue;
        lane_check(trial, lane);
        done++;
    }
    return done;
}

static void differential(const struct lk_rsa_kernel *kernel, enum lk_rsa_class size,
                         unsigned operations)
{
    struct lk_bank bank;
    struct lk_trial trial;
    unsigned done = 0;
    lk_bank_open(&bank, size);
    lk_trial_open(&trial, kernel);
    while (done < operations)
        done += batch_check(&trial, &bank);
    printf("%s %s: %u operations\n", kernel->name, kernel->isa, done);
    lk_trial_close(&trial);
    lk_bank_close(&bank);
}

static const struct {
    unsigned check, longer;
} counts[2][LK_RSA_CLASS_COUNT] = {
    {{160, 20000}, {40, 4000}, {24, 2000}},            /* the model */
    {{20000, 1000000}, {2000, 100000}, {1000, 50000}}, /* IFMA */
};

static void rsa_kernels_agree_with_the_library(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels((enum lk_rsa_class)size, kernels);
        for (unsigned i = 0; i < count; i++) {
            unsigned rounds = lk_draw_rounds(counts[i][size].check, counts[i][size].longer);
            differential(kernels[i], (enum lk_rsa_class)size, rounds);
        }
    }
}

/* One key on operands from `edge` on, one a lane. */
static void key_on_edges(struct lk_trial *trial, struct lk_subject *key, unsigned edge)
{
    uint8_t c[LK_SUBJECT_BYTES_MAX];
    const struct lk_rsa_kernel *kernel = trial->kernel;
    unsigned left = LK_EDGE_BELOW_COUNT - edge;
    unsigned lanes = left < kernel->requests ? left : kernel->requests;
    for (unsigned i = 0; i < lanes; i++) {
        lk_edge_draw(key, (enum lk_edge)(edge + i), c);
        lk_trial_set(trial, i, key, c);
    }
    uint64_t live = (UINT64_C(1) << lanes) - 1;
    assert_int_equal(lk_trial_run(trial, live), live);
    for (unsigned i = 0; i < lanes; i++)
        if (!lk_subject_is_root(key, trial->m[i], trial->c[i]))
            fail_msg("%s %s: operand %s", kernel->name, kernel->isa, edges[edge + i]);
}

/* No pair is left to chance: each key of the bank on each kind of operand. The model, which is
 * slow, takes a third of the keys. */
static void kernel_pairs(const struct lk_rsa_kernel *kernel, struct lk_bank *bank)
{
    struct lk_trial trial;
    lk_trial_open(&trial, kernel);
    unsigned keys = kernel->requests > 2 ? bank->count
                                         : lk_draw_rounds(bank->count / 3, bank->count);
    size_t first = lk_draw_below(bank->count);
    for (unsigned i = 0; i < keys; i++)
        for (unsigned edge = 0; edge < LK_EDGE_BELOW_COUNT; edge += kernel->requests)
            key_on_edges(&trial, &bank->key[(first + i) % bank->count], edge);
    lk_trial_close(&trial);
}

static void rsa_kernels_take_every_key_and_every_operand(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels((enum lk_rsa_class)size, kernels);
        struct lk_bank bank;
        lk_bank_open(&bank, (enum lk_rsa_class)size);
        for (unsigned i = 0; i < count; i++)
            kernel_pairs(kernels[i], &bank);
        lk_bank_close(&bank);
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
        cmocka_unit_test(rsa_kernels_take_every_key_and_every_operand),
        cmocka_unit_test(rsa_kernels_agree_with_the_library),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
