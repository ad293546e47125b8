/* The kernels' squaring, where most of the time goes, against libcrypto's numbers: moduli and
 * operands at the ends of what the header allows, each lane its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_trial.h"

#define LANES_MAX 8
#define DIGIT_BITS LK_RSA_DIGIT_BITS
#define ONES ((UINT64_C(1) << DIGIT_BITS) - 1)

struct squaring {
    const struct lk_rsa_kernel *kernel;
    uint8_t *work;
    uint64_t *n, *a; /* as the kernel takes them */
    BIGNUM *modulus[LANES_MAX], *r_inverse[LANES_MAX], *number[LANES_MAX];
    BN_CTX *ctx;
};

static uint64_t *digits_new(size_t count)
{
    uint64_t *digits = aligned_alloc(64, (count * sizeof *digits + 63) / 64 * 64);
    LK_ASSERT(digits != NULL);
    return digits;
}

static void squaring_open(struct squaring *s, const struct lk_rsa_kernel *kernel)
{
    size_t numbers = (size_t)kernel->digits * kernel->lanes;
    *s = (struct squaring){.kernel = kernel, .ctx = BN_CTX_new()};
    s->work = (uint8_t *)digits_new(kernel->work_bytes / sizeof(uint64_t));
    s->n = digits_new(numbers);
    s->a = digits_new(numbers);
    for (unsigned i = 0; i < LANES_MAX; i++) {
        s->modulus[i] = BN_new();
        s->r_inverse[i] = BN_new();
        s->number[i] = BN_new();
    }
}

static void squaring_close(struct squaring *s)
{
    for (unsigned i = 0; i < LANES_MAX; i++) {
        BN_free(s->modulus[i]);
        BN_free(s->r_inverse[i]);
        BN_free(s->number[i]);
    }
    BN_CTX_free(s->ctx);
    free(s->work);
    free(s->n);
    free(s->a);
}

static void digits_put(const struct squaring *s, uint64_t *to, unsigned lane, const BIGNUM *from)
{
    BIGNUM *rest = BN_dup(from), *digit = BN_new();
    for (unsigned i = 0; i < s->kernel->digits; i++) {
        LK_ASSERT(BN_copy(digit, rest) != NULL);
        BN_mask_bits(digit, DIGIT_BITS);
        to[i * s->kernel->lanes + lane] = BN_get_word(digit);
        LK_ASSERT(BN_rshift(rest, rest, DIGIT_BITS));
    }
    LK_ASSERT(BN_is_zero(rest));
    BN_free(rest);
    BN_free(digit);
}

static void digits_get(const struct squaring *s, BIGNUM *to, unsigned lane, const uint64_t *from)
{
    BN_zero(to);
    for (unsigned i = s->kernel->digits; i-- > 0;) {
        uint64_t digit = from[i * s->kernel->lanes + lane];
        assert_true(digit <= ONES);
        LK_ASSERT(BN_lshift(to, to, DIGIT_BITS) && BN_add_word(to, digit));
    }
}

static void random_bits(BIGNUM *x, unsigned bits)
{
    uint8_t bytes[(LK_RSA_DIGITS_MAX * DIGIT_BITS + 7) / 8];
    lk_draw_bytes(bytes, sizeof bytes);
    LK_ASSERT(BN_bin2bn(bytes, (int)sizeof bytes, x) != NULL);
    BN_mask_bits(x, (int)bits);
}

/* Odd and of at most 52 digits - 4 bits: long, short, of ones, of zeros; the lowest digit alone
 * decides on -1/n. */
static void draw_modulus(BIGNUM *n, unsigned digits)
{
    unsigned bits = DIGIT_BITS * digits - LK_RSA_HEADROOM_BITS;
    random_bits(n, lk_draw_below(4) == 0 ? 1 + (unsigned)lk_draw_below(bits) : bits);
    size_t kind = lk_draw_below(8);
    if (kind == 0 || kind == 1) BN_zero(n);
    if (kind <= 2) LK_ASSERT(BN_set_bit(n, (int)bits - (kind == 0 ? 0 : 1)));
    if (kind == 0) LK_ASSERT(BN_sub_word(n, 1)); /* the greatest there is */
    if (kind == 3 || kind == 4) {
        LK_ASSERT(BN_rshift(n, n, DIGIT_BITS) && BN_lshift(n, n, DIGIT_BITS));
        if (kind == 4) LK_ASSERT(BN_add_word(n, ONES));
        BN_mask_bits(n, (int)bits);
    }
    if (!BN_is_odd(n)) LK_ASSERT(BN_add_word(n, 1));
    if (BN_is_one(n)) LK_ASSERT(BN_set_word(n, 3));
}

/* Below 4n. */
static void draw_number(BIGNUM *a, const BIGNUM *n, unsigned digits, BN_CTX *ctx)
{
    BIGNUM *top = BN_new();
    LK_ASSERT(BN_lshift(top, n, 2));
    size_t kind = lk_draw_below(8);
    random_bits(a, DIGIT_BITS * digits);
    LK_ASSERT(BN_mod(a, a, top, ctx));
    if (kind == 0) BN_zero(a);
    if (kind == 1) LK_ASSERT(BN_sub(a, n, BN_value_one()));
    if (kind == 2) LK_ASSERT(BN_copy(a, n) != NULL);
    if (kind == 3) LK_ASSERT(BN_lshift1(a, n));
    if (kind == 4) LK_ASSERT(BN_sub(a, top, BN_value_one()));
    if (kind == 5) { /* as many digits of ones as fit */
        BN_zero(a);
        LK_ASSERT(BN_set_bit(a, (BN_num_bits(top) - 1) / DIGIT_BITS * DIGIT_BITS));
        LK_ASSERT(BN_sub_word(a, 1));
    }
    BN_free(top);
}

static void squaring_draw(struct squaring *s)
{
    const struct lk_rsa_kernel *kernel = s->kernel;
    BIGNUM *r = BN_new();
    LK_ASSERT(BN_set_bit(r, (int)(DIGIT_BITS * kernel->digits)));
    for (unsigned lane = 0; lane < kernel->lanes; lane++) {
        draw_modulus(s->modulus[lane], kernel->digits);
        LK_ASSERT(BN_mod_inverse(s->r_inverse[lane], r, s->modulus[lane], s->ctx) != NULL);
        digits_put(s, s->n, lane, s->modulus[lane]);
        draw_number(s->number[lane], s->modulus[lane], kernel->digits, s->ctx);
        digits_put(s, s->a, lane, s->number[lane]);
    }
    BN_free(r);
}

/* number := number^(2^count) R^(1 - 2^count), step by step as it is defined. */
static void model(struct squaring *s, BIGNUM *number, unsigned lane, unsigned count)
{
    const BIGNUM *n = s->modulus[lane];
    for (unsigned i = 0; i < count; i++)
        LK_ASSERT(BN_mod_sqr(number, number, n, s->ctx) &&
                  BN_mod_mul(number, number, s->r_inverse[lane], n, s->ctx));
}

static void lane_check(struct squaring *s, unsigned lane, unsigned count)
{
    BIGNUM *want = s->number[lane], *got = BN_new(), *twice = BN_new();
    const BIGNUM *n = s->modulus[lane];
    digits_get(s, got, lane, s->a);
    LK_ASSERT(BN_lshift1(twice, n));
    assert_true(BN_cmp(got, twice) < 0);
    model(s, want, lane, count);
    LK_ASSERT(BN_mod(got, got, n, s->ctx));
    assert_int_equal(BN_cmp(got, want), 0);
    BN_free(got);
    BN_free(twice);
}

static void squarings(const struct lk_rsa_kernel *kernel, unsigned rounds)
{
    static const unsigned counts[] = {1, 1, 2, 3, 4, 17};
    struct squaring s;
    squaring_open(&s, kernel);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned count = counts[i % 6];
        squaring_draw(&s);
        memset(s.work, 0xa5, kernel->work_bytes);
        kernel->square(s.work, s.n, s.a, count);
        for (unsigned lane = 0; lane < kernel->lanes; lane++)
            lane_check(&s, lane, count);
    }
    squaring_close(&s);
}

static void rsa_square_is_what_the_header_says(void **state)
{
    (void)state;
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels((enum lk_rsa_class)size, kernels);
        for (unsigned i = 0; i < count; i++)
            squarings(kernels[i], lk_draw_rounds(400, 40000));
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(rsa_square_is_what_the_header_says)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
