/* Which way the requests of a batch go: lane by lane through the library, or together through a
 * kernel; and that all come out right either way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "crypto/engine_rsa_batch.h"
#include "crypto/engine_work.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_edges.h"
#include "tests/support/rsa_trial.h"

#define LANES_MAX 64

/* Keys of the three classes, keys that no kernel takes, and a call's lanes. */
struct scene {
    struct lk_bank bank[LK_RSA_CLASS_COUNT], lone;
    struct lk_engine_work *work;
    struct lk_subject *subject[LANES_MAX];
    struct lk_operand operand[LANES_MAX];
    uint8_t in[LANES_MAX][LK_SUBJECT_BYTES_MAX], out[LANES_MAX][LK_SUBJECT_BYTES_MAX];
};

static void lane_set(struct scene *s, unsigned lane, struct lk_subject *subject)
{
    s->subject[lane] = subject;
    lk_edge_draw(subject, (enum lk_edge)lk_draw_below(LK_EDGE_BELOW_COUNT), s->in[lane]);
    memcpy(s->out[lane], s->in[lane], subject->k); /* in place where it is odd */
    s->operand[lane] = (struct lk_operand){.key = subject->engine,
                                           .in = lane % 2 != 0 ? s->out[lane] : s->in[lane],
                                           .in_bytes = subject->k,
                                           .out = s->out[lane],
                                           .recomputed = true,
                                           .by_kernel = lk_draw_below(2) == 0};
}

/* All lanes are good and right; returns those that a kernel computed. */
static uint64_t run(struct scene *s, const struct lk_kernel *row, uint64_t live)
{
    uint64_t by_kernel = 0;
    assert_int_equal(row->run(s->work, s->operand, live), live);
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        const struct lk_operand *operand = &s->operand[i];
        assert_int_equal(operand->out_bytes, s->subject[i]->k);
        assert_false(operand->recomputed);
        assert_true(lk_subject_is_root(s->subject[i], s->out[i], s->in[i]));
        if (operand->by_kernel) by_kernel |= UINT64_C(1) << i;
    }
    return by_kernel;
}

static uint64_t lanes(unsigned count)
{
    return count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
}

static void all_of_class(struct scene *s, enum lk_rsa_class size, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        lane_set(s, i, &s->bank[size].key[i % LK_BANK_PLAIN]);
}

static void batch_takes_the_cheapest_way_for_its_fill(void **state)
{
    struct scene *s = *state;
    if (!lk_trial_has_ifma()) skip();
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        for (unsigned count = 1; count <= LK_RSA_REQUESTS_MAX; count++) {
            all_of_class(s, (enum lk_rsa_class)size, count);
            uint64_t by_kernel = run(s, &lk_rsa_rows_ifma[size], lanes(count));
            bool library = size == LK_RSA_2048 && count == 1;
            assert_int_equal(by_kernel, library ? 0 : lanes(count));
        }
}

/* A lone request goes the same way from every lane. */
static void lone_request_is_served_in_every_lane(void **state)
{
    struct scene *s = *state;
    if (!lk_trial_has_ifma()) skip();
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        for (unsigned lane = 0; lane < LANES_MAX; lane += 9) {
            uint64_t live = UINT64_C(1) << lane;
            lane_set(s, lane, &s->bank[size].key[lane % LK_BANK_PLAIN]);
            uint64_t by_kernel = run(s, &lk_rsa_rows_ifma[size], live);
            assert_int_equal(by_kernel, size == LK_RSA_2048 ? 0 : live);
        }
}

/* Eight at a time; what is left over goes as it would alone. */
static void call_of_many_lanes_is_cut_up(void **state)
{
    struct scene *s = *state;
    static const unsigned counts[] = {9, 10, 16, 17, 31, 64};
    if (!lk_trial_has_ifma()) skip();
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            uint64_t live = lanes(counts[i]), last = UINT64_C(1) << (counts[i] - 1);
            all_of_class(s, (enum lk_rsa_class)size, counts[i]);
            uint64_t by_kernel = run(s, &lk_rsa_rows_ifma[size], live);
            bool one_left = counts[i] % LK_RSA_REQUESTS_MAX == 1;
            assert_int_equal(by_kernel, size == LK_RSA_2048 && one_left ? live & ~last : live);
        }
}

/* e of 65 bits, a modulus beyond every kernel, a key of another class: the row serves them all. */
static void mixed_row(struct scene *s, const struct lk_kernel *row, enum lk_rsa_class size)
{
    uint64_t live = lk_draw() & lk_draw(), mine = 0;
    if (live == 0) live = 1;
    for (unsigned i = 0; i < LANES_MAX; i++) {
        size_t which = lk_draw_below(6);
        struct lk_subject *plain = &s->bank[size].key[lk_draw_below(LK_BANK_PLAIN)];
        struct lk_subject *other = &s->bank[(size + 1) % LK_RSA_CLASS_COUNT].key[0];
        struct lk_subject *lone = &s->lone.key[lk_draw_below(LK_BANK_LONE)];
        lane_set(s, i, which == 0 ? other : which == 1 ? lone : plain);
        if (which > 1) mine |= UINT64_C(1) << i;
    }
    mine &= live;
    uint64_t by_kernel = run(s, row, live);
    bool one_left = __builtin_popcountll(mine) % (int)row->lanes_max == 1;
    bool library = row->lanes_max == 8 && size == LK_RSA_2048 && one_left;
    uint64_t last = mine != 0 ? UINT64_C(1) << (63 - __builtin_clzll(mine)) : 0;
    assert_int_equal(by_kernel, library ? mine & ~last : mine);
}

static void keys_without_a_kernel_go_lane_by_lane(void **state)
{
    struct scene *s = *state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        mixed_row(s, &lk_rsa_rows_ref[size], (enum lk_rsa_class)size);
        for (unsigned i = 0; lk_trial_has_ifma() && i < lk_draw_rounds(8, 400); i++)
            mixed_row(s, &lk_rsa_rows_ifma[size], (enum lk_rsa_class)size);
    }
}

/* The rows a key is sent to take it: by the class its primes fit, or by its modulus. */
static void keys_go_to_the_row_of_their_class(void **state)
{
    struct scene *s = *state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        for (unsigned i = 0; i < s->bank[size].count; i++)
            if (s->bank[size].key[i].engine != NULL)
                assert_int_equal(lk_engine_key_row(s->bank[size].key[i].engine),
                                 LK_ROW_RSA2048 + size);
    for (unsigned i = 0; i < LK_BANK_LONE; i++)
        assert_int_equal(lk_engine_key_row(s->lone.key[i].engine), LK_ROW_RSA2048 + i);
}

static void rows_of_a_cpu_without_ifma_are_the_librarys(void **state)
{
    struct scene *s = *state;
    struct lk_kernels kernels;
    const char *failed;
    assert_int_equal(setenv("LURK_CPU", "-ifma", 1), 0);
    assert_true(lk_kernels_choose(&kernels, &failed));
    assert_int_equal(unsetenv("LURK_CPU"), 0);
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        all_of_class(s, (enum lk_rsa_class)size, 5);
        assert_string_equal(kernels.row[LK_ROW_RSA2048 + size].isa, "library");
        assert_int_equal(run(s, &kernels.row[LK_ROW_RSA2048 + size], lanes(5)), 0);
    }
}

static void portable_rows_compute_by_kernel(void **state)
{
    struct scene *s = *state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        for (unsigned count = 1; count <= 3; count++) {
            all_of_class(s, (enum lk_rsa_class)size, count);
            assert_int_equal(run(s, &lk_rsa_rows_ref[size], lanes(count)), lanes(count));
        }
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    lk_draw_seed();
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        lk_bank_open(&s->bank[size], (enum lk_rsa_class)size);
    lk_bank_open_lone(&s->lone);
    s->work = lk_engine_work_new(0, false);
    *state = s;
    return s->work == NULL;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++)
        lk_bank_close(&s->bank[size]);
    lk_bank_close(&s->lone);
    lk_engine_work_free(s->work);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_takes_the_cheapest_way_for_its_fill),
        cmocka_unit_test(lone_request_is_served_in_every_lane),
        cmocka_unit_test(call_of_many_lanes_is_cut_up),
        cmocka_unit_test(keys_without_a_kernel_go_lane_by_lane),
        cmocka_unit_test(keys_go_to_the_row_of_their_class),
        cmocka_unit_test(rows_of_a_cpu_without_ifma_are_the_librarys),
        cmocka_unit_test(portable_rows_compute_by_kernel),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
