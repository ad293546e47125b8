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
#include <openssl/obj_mac.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/p256_subject.h"

#define BYTES LK_P256_BYTES
#define DIGIT_BITS 52

/* --- table ---------------------------------------------------------------------------------- */

/* Digits of an entry over R = 2^260, modulo p. */
static void number_of(const uint64_t row[LK_P256_DIGITS][LK_P256_ENTRIES], unsigned entry,
                      const BIGNUM *r_inverse, const BIGNUM *p, BN_CTX *ctx, uint8_t *to)
{
    BIGNUM *x = BN_new();
    for (unsigned i = LK_P256_DIGITS; i-- > 0;) {
        uint64_t digit = row[i][entry] & ((UINT64_C(1) << DIGIT_BITS) - 1);
        LK_ASSERT(BN_lshift(x, x, DIGIT_BITS) && BN_add_word(x, digit));
    }
    assert_true(BN_cmp(x, p) < 0);
    LK_ASSERT(BN_mod_mul(x, x, r_inverse, p, ctx) && BN_bn2binpad(x, to, BYTES) == BYTES);
    BN_free(x);
}

/* (2 entry + 1) 2^(7 window) */
static void scalar_of(unsigned window, unsigned entry, uint8_t *k)
{
    BIGNUM *x = BN_new();
    LK_ASSERT(BN_set_word(x, 2 * entry + 1) &&
              BN_lshift(x, x, (int)(LK_P256_WINDOW_BITS * window)));
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BN_CTX *ctx = BN_CTX_new();
    LK_ASSERT(BN_nnmod(x, x, EC_GROUP_get0_order(group), ctx));
    LK_ASSERT(BN_bn2binpad(x, k, BYTES) == BYTES);
    BN_CTX_free(ctx);
    EC_GROUP_free(group);
    BN_free(x);
}

static void table_holds_odd_multiples_of_the_base_point(void **state)
{
    (void)state;
    BIGNUM *p = BN_new(), *r = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    BN_hex2bn(&p, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    LK_ASSERT(BN_set_bit(r, DIGIT_BITS * LK_P256_DIGITS) && BN_mod_inverse(r, r, p, ctx) != NULL);
    for (unsigned window = 0; window < LK_P256_WINDOWS; window++)
        for (unsigned entry = 0; entry < LK_P256_ENTRIES; entry++) {
            uint8_t k[BYTES], right[2 * BYTES], got[2 * BYTES];
            scalar_of(window, entry, k);
            assert_true(lk_p256_times_base(k, right));
            number_of(lk_p256_table[window], entry, r, p, ctx, got);
            number_of(lk_p256_table[window] + LK_P256_DIGITS, entry, r, p, ctx, got + BYTES);
            assert_memory_equal(got, right, sizeof got);
            for (unsigned i = 0; i < 2 * LK_P256_DIGITS; i++)
                assert_int_equal(lk_p256_table[window][i][entry] >> DIGIT_BITS,
                                 entry + LK_P256_ENTRIES * window);
        }
    BN_CTX_free(ctx);
    BN_free(p);
    BN_free(r);
}

/* --- multiples ------------------------------------------------------------------------------ */

#define SCALARS_MAX 1024

struct list {
    uint8_t k[SCALARS_MAX][BYTES];
    unsigned count;
};

static uint8_t *more(struct list *list)
{
    LK_ASSERT(list->count < SCALARS_MAX);
    uint8_t *k = list->k[list->count++];
    memset(k, 0, BYTES);
    return k;
}

static void add_power(struct list *list, unsigned bit, int offset)
{
    BIGNUM *x = BN_new();
    LK_ASSERT(BN_set_bit(x, (int)bit));
    LK_ASSERT(offset < 0 ? BN_sub_word(x, 1) : BN_add_word(x, (BN_ULONG)offset));
    if (!BN_is_zero(x)) LK_ASSERT(BN_bn2binpad(x, more(list), BYTES) == BYTES);
    BN_free(x);
}

/* About the powers of two, at whose ends windows are full or empty, about n and half of it, and
 * such as make every window the same. */
static void list_edges(struct list *list)
{
    list->count = 0;
    for (unsigned bit = 0; bit < 255; bit++)
        for (int offset = -1; offset <= 1; offset++)
            add_power(list, bit, offset);
    for (int64_t offset = 1; offset <= 64; offset++)
        lk_p256_near_order(-offset, false, more(list));
    for (int64_t offset = -8; offset <= 8; offset++)
        lk_p256_near_order(2 * offset, true, more(list));
    for (unsigned byte = 1; byte < 0x80; byte = 2 * byte + 1)
        memset(more(list), (int)byte, BYTES);
    memset(more(list), 0x55, BYTES);
    memset(more(list), 0xaa, BYTES);
}

static void right(const uint8_t *k, const uint8_t *got)
{
    uint8_t want[2 * BYTES];
    assert_true(lk_p256_times_base(k, want));
    assert_memory_equal(got, want, sizeof want);
}

static void multiply(const struct lk_p256_kernel *kernel, const struct list *list)
{
    static uint8_t xy[LK_P256_REQUESTS_MAX][2 * BYTES];
    void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(work != NULL);
    for (unsigned at = 0; at < list->count;) {
        unsigned count = list->count - at;
        if (count > kernel->requests) count = kernel->requests;
        uint64_t all = ~UINT64_C(0) >> (64 - count);
        assert_int_equal(kernel->multiply(work, &list->k[at], xy, count), all);
        for (unsigned i = 0; i < count; i++)
            right(list->k[at + i], xy[i]);
        at += count;
    }
    free(work);
}

static void for_each_kernel(const struct list *list)
{
    const struct lk_p256_kernel *kernels[LK_P256_KERNELS_MAX];
    unsigned count = lk_p256_kernels(kernels);
    for (unsigned i = 0; i < count; i++)
        multiply(kernels[i], list);
}

static struct list list;

static void edges_multiply_as_the_library_does(void **state)
{
    (void)state;
    list_edges(&list);
    for_each_kernel(&list);
}

static void any_number_multiplies_as_the_library_does(void **state)
{
    (void)state;
    for (unsigned round = 0; round < lk_draw_rounds(4, 400); round++) {
        list.count = 0;
        while (list.count < SCALARS_MAX)
            lk_draw_bytes(more(&list), BYTES), list.k[list.count - 1][0] &= 0x7f;
        for_each_kernel(&list);
    }
}

/* The last addition meets its own double for one odd k, so for k and n - k there is no result; for
 * their neighbours there is, beside them in the same call too. */
static void exception_gives_nothing_and_its_neighbours_all(void **state)
{
    (void)state;
    const struct lk_p256_kernel *kernels[LK_P256_KERNELS_MAX];
    unsigned count = lk_p256_kernels(kernels);
    for (unsigned which = 0; which < count; which++) {
        const struct lk_p256_kernel *kernel = kernels[which];
        static uint8_t k[LK_P256_REQUESTS_MAX][BYTES], xy[LK_P256_REQUESTS_MAX][2 * BYTES];
        static const uint8_t none[2 * BYTES];
        void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
        for (unsigned i = 0; i < kernel->requests; i++) {
            lk_p256_exception(k[i]);
            k[i][BYTES - 1] = (uint8_t)(k[i][BYTES - 1] + 2 * (i % 8));
        }
        uint64_t got = kernel->multiply(work, k, xy, kernel->requests);
        for (unsigned i = 0; i < kernel->requests; i++) {
            assert_int_equal(got >> i & 1, i % 8 != 0);
            if (i % 8 != 0)
                right(k[i], xy[i]);
            else
                assert_memory_equal(xy[i], none, sizeof none);
        }
        free(work);
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
        cmocka_unit_test(table_holds_odd_multiples_of_the_base_point),
        cmocka_unit_test(edges_multiply_as_the_library_does),
        cmocka_unit_test(any_number_multiplies_as_the_library_does),
        cmocka_unit_test(exception_gives_nothing_and_its_neighbours_all),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
