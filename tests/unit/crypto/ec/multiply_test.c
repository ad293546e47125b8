/* Multiples of the base point: the table, and k G for every k that could be out of the ordinary,
 * against libcrypto. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"

#define BYTES_MAX LK_EC_BYTES_MAX
#define DIGIT_BITS 52

/* --- table ---------------------------------------------------------------------------------- */

/* What is needed to read a curve's table. */
struct reading {
    const struct lk_ec_curve *curve;
    BIGNUM *p, *r_inverse;
    const BIGNUM *n;
    BN_CTX *ctx;
};

static uint64_t word_of(const struct reading *r, unsigned window, unsigned digit, unsigned entry)
{
    const struct lk_ec_curve *c = r->curve;
    return c->table[(window * 2 * c->digits + digit) * c->entries + entry];
}

/* Digits of an entry from `first` on over R, modulo p. */
static void number_of(const struct reading *r, unsigned window, unsigned first, unsigned entry,
                      uint8_t *to)
{
    BIGNUM *x = BN_new();
    int bytes = (int)r->curve->bytes;
    for (unsigned i = r->curve->digits; i-- > 0;) {
        uint64_t digit = word_of(r, window, first + i, entry) & ((UINT64_C(1) << DIGIT_BITS) - 1);
        LK_ASSERT(BN_lshift(x, x, DIGIT_BITS) && BN_add_word(x, digit));
    }
    assert_true(BN_cmp(x, r->p) < 0);
    LK_ASSERT(BN_mod_mul(x, x, r->r_inverse, r->p, r->ctx) && BN_bn2binpad(x, to, bytes) == bytes);
    BN_free(x);
}

/* (2 entry + 1) 2^(w window) */
static void scalar_of(const struct reading *r, unsigned window, unsigned entry, uint8_t *k)
{
    BIGNUM *x = BN_new();
    int bytes = (int)r->curve->bytes;
    LK_ASSERT(BN_set_word(x, 2 * entry + 1) &&
              BN_lshift(x, x, (int)(r->curve->window_bits * window)));
    LK_ASSERT(BN_nnmod(x, x, r->n, r->ctx) && BN_bn2binpad(x, k, bytes) == bytes);
    BN_free(x);
}

static void entry_right(const struct reading *r, unsigned window, unsigned entry)
{
    const struct lk_ec_curve *c = r->curve;
    uint8_t k[BYTES_MAX], right[2 * BYTES_MAX], got[2 * BYTES_MAX];
    scalar_of(r, window, entry, k);
    assert_true(lk_ec_times_base(c, k, right));
    number_of(r, window, 0, entry, got);
    number_of(r, window, c->digits, entry, got + c->bytes);
    assert_memory_equal(got, right, 2 * c->bytes);
    for (unsigned i = 0; i < 2 * c->digits; i++)
        assert_int_equal(word_of(r, window, i, entry) >> DIGIT_BITS, entry + c->entries * window);
}

static void table_right(const struct lk_ec_curve *curve)
{
    const EC_GROUP *group = lk_ec_group(curve);
    struct reading r = {curve, BN_new(), BN_new(), EC_GROUP_get0_order(group), BN_CTX_new()};
    LK_ASSERT(EC_GROUP_get_curve(group, r.p, NULL, NULL, r.ctx));
    LK_ASSERT(BN_set_bit(r.r_inverse, (int)(DIGIT_BITS * curve->digits)) &&
              BN_mod_inverse(r.r_inverse, r.r_inverse, r.p, r.ctx) != NULL);
    for (unsigned window = 0; window < curve->windows; window++)
        for (unsigned entry = 0; entry < curve->entries; entry++)
            entry_right(&r, window, entry);
    BN_CTX_free(r.ctx);
    BN_free(r.p);
    BN_free(r.r_inverse);
}

static void table_holds_odd_multiples_of_the_base_point(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LK_EC_CURVES; i++)
        table_right(&lk_ec_curves[i]);
}

/* --- multiples ------------------------------------------------------------------------------ */

#define SCALARS_MAX 1536

struct list {
    const struct lk_ec_curve *curve;
    uint8_t k[SCALARS_MAX * BYTES_MAX]; /* count of `bytes` each */
    unsigned count;
};

static uint8_t *more(struct list *list)
{
    LK_ASSERT(list->count < SCALARS_MAX);
    uint8_t *k = list->k + list->count++ * list->curve->bytes;
    memset(k, 0, list->curve->bytes);
    return k;
}

static void add_power(struct list *list, unsigned bit, int offset)
{
    BIGNUM *x = BN_new();
    int bytes = (int)list->curve->bytes;
    LK_ASSERT(BN_set_bit(x, (int)bit));
    LK_ASSERT(offset < 0 ? BN_sub_word(x, 1) : BN_add_word(x, (BN_ULONG)offset));
    if (!BN_is_zero(x)) LK_ASSERT(BN_bn2binpad(x, more(list), bytes) == bytes);
    BN_free(x);
}

/* About the powers of two, at whose ends windows are full or empty, about n and half of it, and
 * such as make every window the same. */
static void list_edges(struct list *list)
{
    unsigned bytes = list->curve->bytes;
    list->count = 0;
    for (unsigned bit = 0; bit < 8 * bytes - 1; bit++)
        for (int offset = -1; offset <= 1; offset++)
            add_power(list, bit, offset);
    for (int64_t offset = 1; offset <= 64; offset++)
        lk_ec_near_order(list->curve, -offset, false, more(list));
    for (int64_t offset = -8; offset <= 8; offset++)
        lk_ec_near_order(list->curve, 2 * offset, true, more(list));
    for (unsigned byte = 1; byte < 0x80; byte = 2 * byte + 1)
        memset(more(list), (int)byte, bytes);
    memset(more(list), 0x55, bytes);
    memset(more(list), 0xaa, bytes);
}

static void list_any(struct list *list)
{
    list->count = 0;
    while (list->count < (list->curve->row == LK_ROW_P256 ? 1024 : 256)) {
        uint8_t *k = more(list);
        lk_draw_bytes(k, list->curve->bytes);
        k[0] &= 0x7f;
    }
}

static void right(const struct lk_ec_curve *curve, const uint8_t *k, const uint8_t *got)
{
    uint8_t want[2 * BYTES_MAX];
    assert_true(lk_ec_times_base(curve, k, want));
    assert_memory_equal(got, want, 2 * curve->bytes);
}

static void *work_for(const struct lk_ec_kernel *kernel)
{
    void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(work != NULL);
    return work;
}

static void multiply(const struct lk_ec_kernel *kernel, const struct list *list)
{
    static uint8_t xy[LK_EC_REQUESTS_MAX * 2 * BYTES_MAX];
    void *work = work_for(kernel);
    unsigned bytes = kernel->bytes;
    for (unsigned at = 0; at < list->count;) {
        unsigned count = list->count - at;
        if (count > kernel->requests) count = kernel->requests;
        uint64_t all = ~UINT64_C(0) >> (64 - count);
        assert_int_equal(kernel->multiply(work, list->k + at * bytes, xy, count), all);
        for (unsigned i = 0; i < count; i++)
            right(list->curve, list->k + (at + i) * bytes, xy + 2 * i * bytes);
        at += count;
    }
    free(work);
}

static void for_each_kernel(void (*make)(struct list *), unsigned rounds)
{
    static struct list list;
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned i = 0; i < count * rounds; i++) {
        list.curve = lk_ec_curve_of(kernels[i % count]);
        make(&list);
        multiply(kernels[i % count], &list);
    }
}

static void edges_multiply_as_the_library_does(void **state)
{
    (void)state;
    for_each_kernel(list_edges, 1);
}

static void any_number_multiplies_as_the_library_does(void **state)
{
    (void)state;
    for_each_kernel(list_any, lk_draw_rounds(2, 200));
}

/* The last addition meets its own double for one odd k, so for k and n - k there is no result; for
 * their neighbours there is, beside them in the same call too. */
static void exception(const struct lk_ec_kernel *kernel)
{
    static uint8_t k[LK_EC_REQUESTS_MAX * BYTES_MAX], xy[LK_EC_REQUESTS_MAX * 2 * BYTES_MAX];
    static const uint8_t none[2 * BYTES_MAX];
    const struct lk_ec_curve *curve = lk_ec_curve_of(kernel);
    unsigned bytes = kernel->bytes;
    void *work = work_for(kernel);
    for (unsigned i = 0; i < kernel->requests; i++) {
        uint8_t *end = k + (i + 1) * bytes - 1;
        lk_ec_exception(curve, k + i * bytes);
        *end = (uint8_t)(*end + 2 * (i % 8));
    }
    uint64_t got = kernel->multiply(work, k, xy, kernel->requests);
    for (unsigned i = 0; i < kernel->requests; i++) {
        assert_int_equal(got >> i & 1, i % 8 != 0);
        if (i % 8 != 0)
            right(curve, k + i * bytes, xy + 2 * i * bytes);
        else
            assert_memory_equal(xy + 2 * i * bytes, none, 2 * bytes);
    }
    free(work);
}

static void exception_gives_nothing_and_its_neighbours_all(void **state)
{
    (void)state;
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned which = 0; which < count; which++)
        exception(kernels[which]);
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
        cmocka_unit_test(table_holds_odd_multiples_of_the_base_point),
        cmocka_unit_test(edges_multiply_as_the_library_does),
        cmocka_unit_test(any_number_multiplies_as_the_library_does),
        cmocka_unit_test(exception_gives_nothing_and_its_neighbours_all),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
