/* kernels: every row passes its self-test here, and names itself and its cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/cpu.h"
#include "crypto/crypto.h"
#include "crypto/self_test.h"

static void kernels_pass_their_self_tests(void **state)
{
    (void)state;
    struct lk_kernels kernels;
    const char *failed = "none";
    bool good = lk_kernels_choose(&kernels, &failed);
    if (!good) print_error("row %s\n", failed);
    assert_true(good);
    assert_null(failed);
    for (unsigned row = 0; row < LK_ROW_COUNT; row++) {
        bool wide = strcmp(kernels.row[row].isa, "library") != 0;
        unsigned most = row <= LK_ROW_RSA8192 ? 8 : 64;
        assert_int_equal(kernels.row[row].lanes_max, wide ? most : 1);
        assert_int_equal(kernels.row[row].lanes_max % kernels.row[row].lanes_step, 0);
        assert_string_equal(kernels.library[row].isa, "library");
        assert_string_equal(kernels.library[row].name, kernels.row[row].name);
        assert_true(kernels.row[row].cost_ns > 1000);
        assert_non_null(kernels.row[row].name);
        for (unsigned other = 0; other < row; other++)
            assert_string_not_equal(kernels.row[row].name, kernels.row[other].name);
    }
}

/* IFMA kernels serve RSA, P-256, P-384, proofs and shares where the CPU has them, and only where
 * LURK_CPU lets them be seen. */
static void kernels_follow_the_features_of_the_cpu(void **state)
{
    (void)state;
    struct lk_kernels kernels;
    const char *failed;
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    const char *seen = (features >> LK_CPU_IFMA & 1) != 0 ? "ifma" : "library";
    assert_true(lk_kernels_choose(&kernels, &failed));
    for (unsigned row = LK_ROW_RSA2048; row <= LK_ROW_RSA4096; row++)
        assert_string_equal(kernels.row[row].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_P256].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_P384].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_POO_P256].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_POO_P384].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_POO_X25519].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_SHARE_P256].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_SHARE_P384].isa, seen);
    assert_string_equal(kernels.row[LK_ROW_SHARE_X25519].isa, seen);
    assert_int_equal(setenv("LURK_CPU", "-ifma", 1), 0);
    assert_true(lk_kernels_choose(&kernels, &failed));
    assert_int_equal(unsetenv("LURK_CPU"), 0);
    for (unsigned row = 0; row < LK_ROW_COUNT; row++)
        assert_string_equal(kernels.row[row].isa, "library");
}

static uint64_t run_nothing(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    (void)work;
    memset(operand->out != NULL ? operand->out : (uint8_t[1]){0}, 0, 1);
    operand->out_bytes = 1;
    return live; /* says good and computed nothing */
}

static void self_test_sees_a_row_that_does_not_compute(void **state)
{
    (void)state;
    struct lk_kernel idle = {"idle", "none", 1, 1, 1, 0, run_nothing};
    for (unsigned row = 0; row < LK_ROW_COUNT; row++)
        assert_false(lk_kernel_self_test(&idle, (enum lk_kernel_row)row));
}

static void poo_row_fits_the_group(void **state)
{
    (void)state;
    assert_int_equal(lk_poo_row(23), LK_ROW_POO_P256);
    assert_int_equal(lk_poo_row(24), LK_ROW_POO_P384);
    assert_int_equal(lk_poo_row(25), LK_ROW_POO_P521);
    assert_int_equal(lk_poo_row(29), LK_ROW_POO_X25519);
    assert_int_equal(lk_poo_row(30), LK_ROW_POO_X448);
    assert_int_equal(lk_poo_row(22), LK_ROW_COUNT);
    assert_int_equal(lk_poo_row(0), LK_ROW_COUNT);
}

static void share_row_fits_the_group(void **state)
{
    (void)state;
    assert_int_equal(lk_share_row(23), LK_ROW_SHARE_P256);
    assert_int_equal(lk_share_row(25), LK_ROW_SHARE_P521);
    assert_int_equal(lk_share_row(29), LK_ROW_SHARE_X25519);
    assert_int_equal(lk_share_row(30), LK_ROW_SHARE_X448);
    assert_int_equal(lk_share_row(0x11ec), LK_ROW_COUNT);
}

/* RFC 8446 4.2.8.2: what is no point of the group, and what leads to a secret of zeros. */
static void share_of_a_bad_point_is_none(void **state)
{
    (void)state;
    static const struct {
        enum lk_kernel_row row;
        size_t bytes;
        uint8_t first, rest;
    } rows[] = {
        {LK_ROW_SHARE_P256, 65, 4, 0},   {LK_ROW_SHARE_P256, 65, 4, 0xff},
        {LK_ROW_SHARE_P256, 64, 4, 1},   {LK_ROW_SHARE_P256, 33, 2, 1},
        {LK_ROW_SHARE_P256, 1, 0, 0},    {LK_ROW_SHARE_P384, 97, 4, 1},
        {LK_ROW_SHARE_P521, 133, 4, 1},  {LK_ROW_SHARE_X25519, 32, 0, 0},
        {LK_ROW_SHARE_X25519, 32, 1, 0}, {LK_ROW_SHARE_X25519, 31, 9, 0},
        {LK_ROW_SHARE_X25519, 33, 9, 0}, {LK_ROW_SHARE_X448, 56, 0, 0},
        {LK_ROW_SHARE_X448, 56, 1, 0},   {LK_ROW_SHARE_X448, 55, 5, 0},
    };
    struct lk_kernels kernels;
    const char *failed;
    assert_true(lk_kernels_choose(&kernels, &failed));
    struct lk_engine_work *work = lk_engine_work_new(0, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t in[160], out[256];
        memset(in, rows[i].rest, sizeof in);
        memset(out, 0x77, sizeof out);
        in[0] = rows[i].first;
        struct lk_operand operand = {.in = in, .in_bytes = rows[i].bytes, .out = out};
        assert_int_equal(kernels.row[rows[i].row].run(work, &operand, 1), 0);
        assert_true(operand.point_bad);
        assert_int_equal(operand.out_bytes, 0);
        assert_int_equal(out[0] | out[60], 0); /* nothing of a secret is left */
    }
    lk_engine_work_free(work);
}

/* Two shares are never alike: a key is made for each. */
static void share_is_fresh_each_time(void **state)
{
    (void)state;
    struct lk_kernels kernels;
    const char *failed;
    uint8_t in[32] = {9}, out[2][64];
    assert_true(lk_kernels_choose(&kernels, &failed));
    struct lk_engine_work *work = lk_engine_work_new(0, false);
    struct lk_operand operand[2] = {{.in = in, .in_bytes = 32, .out = out[0]},
                                    {.in = in, .in_bytes = 32, .out = out[1]}};
    assert_int_equal(kernels.row[LK_ROW_SHARE_X25519].run(work, operand, 3), 3);
    assert_memory_not_equal(out[0], out[1], 32);
    assert_memory_not_equal(out[0] + 32, out[1] + 32, 32);
    assert_memory_equal(out[0], out[0] + 32, 32); /* with the base point they are the same */
    lk_engine_work_free(work);
}

static void cpu_mask_hides_features(void **state)
{
    (void)state;
    uint32_t all, masked;
    unsetenv("LURK_CPU");
    assert_true(lk_cpu_features(&all));
    setenv("LURK_CPU", "-ifma,-sha", 1);
    assert_true(lk_cpu_features(&masked));
    assert_int_equal(masked, all & ~(1u << LK_CPU_IFMA) & ~(1u << LK_CPU_SHA));
    setenv("LURK_CPU", "-avx512", 1);
    assert_true(lk_cpu_features(&masked));
    assert_int_equal(masked, all & ~(1u << LK_CPU_IFMA) & ~(1u << LK_CPU_AVX512));
    static const char *const unknown[] = {"-mmx", "ifma", "-", "-ifm", "-ifma,x"};
    for (size_t i = 0; i < 5; i++) {
        setenv("LURK_CPU", unknown[i], 1);
        assert_false(lk_cpu_features(&masked));
    }
    unsetenv("LURK_CPU");
}

static void cpu_text_lists_names_within_its_room(void **state)
{
    (void)state;
    char text[64], tight[8];
    lk_cpu_text(1u << LK_CPU_BMI2 | 1u << LK_CPU_IFMA, text, sizeof text);
    assert_string_equal(text, "bmi2 ifma");
    lk_cpu_text(0, text, sizeof text);
    assert_string_equal(text, "");
    lk_cpu_text(0xffffffff, tight, sizeof tight);
    assert_string_equal(tight, "bmi2 ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_pass_their_self_tests),
        cmocka_unit_test(kernels_follow_the_features_of_the_cpu),
        cmocka_unit_test(self_test_sees_a_row_that_does_not_compute),
        cmocka_unit_test(poo_row_fits_the_group),
        cmocka_unit_test(share_row_fits_the_group),
        cmocka_unit_test(share_of_a_bad_point_is_none),
        cmocka_unit_test(share_is_fresh_each_time),
        cmocka_unit_test(cpu_mask_hides_features),
        cmocka_unit_test(cpu_text_lists_names_within_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
