/* A lane of a kernel's batch gives what it gives alone, whatever the others are: other keys, other
 * operands, other lanes dead (I3, T7). LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "crypto/engine_rsa_batch.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_edges.h"
#include "tests/support/rsa_trial.h"

/* Requests whose result alone is known: each key of a bank on each of these operands. */
static const enum lk_edge kinds[] = {LK_EDGE_ZERO,       LK_EDGE_ONE, LK_EDGE_MINUS_ONE,
                                     LK_EDGE_CIPHERTEXT, LK_EDGE_BAD, LK_EDGE_RANDOM};
#define KINDS (sizeof kinds / sizeof kinds[0])

struct request {
    struct lk_subject *subject;
    uint8_t c[LK_SUBJECT_BYTES_MAX], alone[LK_SUBJECT_BYTES_MAX];
};

struct pool {
    struct lk_bank bank;
    struct lk_trial trial;
    unsigned count;
    struct request request[LK_BANK_KEYS_MAX * KINDS];
};

static void request_make(struct pool *p, struct lk_subject *subject, enum lk_edge kind)
{
    struct request *r = &p->request[p->count++];
    r->subject = subject;
    lk_edge_draw(subject, kind, r->c);
    lk_trial_clear(&p->trial);
    lk_trial_set(&p->trial, 0, subject, r->c);
    assert_int_equal(lk_trial_run(&p->trial, 1), 1);
    memcpy(r->alone, p->trial.m[0], subject->k);
    assert_true(lk_subject_is_root(subject, r->alone, r->c));
}

static struct pool *pool_open(const struct lk_rsa_kernel *kernel, enum lk_rsa_class size,
                              unsigned keys)
{
    struct pool *p = calloc(1, sizeof *p);
    LK_ASSERT(p != NULL);
    lk_bank_open(&p->bank, size);
    lk_trial_open(&p->trial, kernel);
    for (unsigned i = 0; i < p->bank.count && i < keys; i++)
        for (unsigned j = 0; j < KINDS; j++)
            request_make(p, &p->bank.key[i], kinds[j]);
    return p;
}

static void pool_close(struct pool *p)
{
    lk_trial_close(&p->trial);
    lk_bank_close(&p->bank);
    free(p);
}

/* A random request in each live lane; all must come out as alone. */
static void mix(struct pool *p, uint64_t live)
{
    const struct request *in[LK_RSA_REQUESTS_MAX];
    lk_trial_clear(&p->trial);
    for (unsigned i = 0; i < p->trial.kernel->requests; i++) {
        if ((live >> i & 1) == 0) continue;
        in[i] = &p->request[lk_draw_below(p->count)];
        lk_trial_set(&p->trial, i, in[i]->subject, in[i]->c);
        if (lk_draw_below(2) == 0) lk_trial_in_place(&p->trial, i);
    }
    assert_int_equal(lk_trial_run(&p->trial, live), live);
    for (unsigned i = 0; i < p->trial.kernel->requests; i++)
        if ((live >> i & 1) != 0)
            assert_memory_equal(p->trial.m[i], in[i]->alone, in[i]->subject->k);
}

static void mixes(const struct lk_rsa_kernel *kernel, enum lk_rsa_class size, unsigned count,
                  unsigned keys)
{
    struct pool *p = pool_open(kernel, size, 2 + lk_draw_rounds(keys - 2, keys - 2));
    for (unsigned i = 0; i < count; i++)
        mix(p, lk_draw_below((size_t)1 << kernel->requests));
    printf("%s %s: %u mixes\n", kernel->name, kernel->isa, count);
    pool_close(p);
}

static const struct {
    unsigned check, longer, keys;
} counts[LK_TRIAL_KERNELS_MAX][LK_RSA_CLASS_COUNT] = {
    {{60, 2000, 4}, {20, 500, 3}, {10, 250, 3}}, /* the model */
    {{3000, 60000, LK_BANK_KEYS_MAX}, {400, 6000, LK_BANK_KEYS_MAX}, {200, 3000, LK_BANK_KEYS_MAX}},
};

static void lane_is_as_alone_in_any_company(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels((enum lk_rsa_class)size, kernels);
        for (unsigned i = 0; i < count; i++)
            mixes(kernels[i], (enum lk_rsa_class)size,
                  lk_draw_rounds(counts[i][size].check, counts[i][size].longer),
                  counts[i][size].keys);
    }
}

/* Lanes that are not live have jobs that point nowhere. */
static void every_mask_of_live_lanes_is_served(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels((enum lk_rsa_class)size, kernels);
        for (unsigned i = 0; i < count; i++) {
            struct pool *p = pool_open(kernels[i], (enum lk_rsa_class)size, 1);
            unsigned masks = 1u << kernels[i]->requests,
                     step = masks / lk_draw_rounds(masks, masks);
            for (unsigned j = 0; j < masks; j += step)
                mix(p, masks - 1 - j);
            pool_close(p);
        }
    }
}

/* --- the row: an operand that is not below n is 0 to the kernel ------------------------------- */

struct row_lane {
    struct lk_subject *subject;
    bool above;
    uint8_t in[LK_SUBJECT_BYTES_MAX], out[LK_SUBJECT_BYTES_MAX];
};

static void row_lane_set(struct row_lane *lane, struct lk_bank *bank, struct lk_operand *operand)
{
    static const enum lk_edge row_kinds[] = {LK_EDGE_ZERO,       LK_EDGE_ONE, LK_EDGE_MINUS_ONE,
                                             LK_EDGE_CIPHERTEXT, LK_EDGE_BAD, LK_EDGE_N,
                                             LK_EDGE_ABOVE,      LK_EDGE_FF,  LK_EDGE_RANDOM};
    enum lk_edge kind = row_kinds[lk_draw_below(sizeof row_kinds / sizeof row_kinds[0])];
    lane->subject = &bank->key[lk_draw_below(LK_BANK_PLAIN)];
    lane->above = kind >= LK_EDGE_BELOW_COUNT;
    lk_edge_draw(lane->subject, kind, lane->in);
    memcpy(lane->out, lane->in, sizeof lane->out);
    bool in_place = lk_draw_below(2) == 0;
    *operand = (struct lk_operand){.key = lane->subject->engine,
                                   .in = in_place ? lane->out : lane->in,
                                   .in_bytes = lane->subject->k,
                                   .out = lane->out};
}

static void row_lane_check(const struct row_lane *lane, const struct lk_operand *operand)
{
    uint8_t want[LK_SUBJECT_BYTES_MAX] = {0};
    assert_false(operand->recomputed);
    assert_int_equal(operand->out_bytes, lane->subject->k);
    if (lane->above)
        assert_memory_equal(lane->out, want, lane->subject->k);
    else
        assert_true(lk_subject_is_root(lane->subject, lane->out, lane->in));
}

static void row_mixes(const struct lk_kernel *row, enum lk_rsa_class size, unsigned count)
{
    struct lk_bank bank;
    struct lk_engine_work *work = lk_engine_work_new(0, false);
    lk_bank_open(&bank, size);
    LK_ASSERT(work != NULL);
    for (unsigned i = 0; i < count; i++) {
        struct row_lane lane[LK_RSA_REQUESTS_MAX];
        struct lk_operand operand[LK_RSA_REQUESTS_MAX];
        uint64_t live = lk_draw_below(256);
        memset(operand, 0xee, sizeof operand);
        for (unsigned j = 0; j < LK_RSA_REQUESTS_MAX; j++)
            if ((live >> j & 1) != 0) row_lane_set(&lane[j], &bank, &operand[j]);
        assert_int_equal(row->run(work, operand, live), live);
        for (unsigned j = 0; j < LK_RSA_REQUESTS_MAX; j++)
            if ((live >> j & 1) != 0) row_lane_check(&lane[j], &operand[j]);
    }
    lk_engine_work_free(work);
    lk_bank_close(&bank);
}

static void row_takes_operands_above_the_modulus_for_zero(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        row_mixes(&lk_rsa_rows_ref[size], (enum lk_rsa_class)size, lk_draw_rounds(4, 200));
        if (!lk_trial_has_ifma()) continue;
        row_mixes(&lk_rsa_rows_ifma[size], (enum lk_rsa_class)size,
                  lk_draw_rounds(600 >> 2 * size, 20000 >> 2 * size));
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
        cmocka_unit_test(lane_is_as_alone_in_any_company),
        cmocka_unit_test(every_mask_of_live_lanes_is_served),
        cmocka_unit_test(row_takes_operands_above_the_modulus_for_zero),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
