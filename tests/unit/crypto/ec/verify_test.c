/* Signatures checked in lanes: right ones, wrong ones in every way, and the edges of the numbers are
 * what libcrypto says they are, by each instance. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "crypto/ec/p256_const.h"
#include "crypto/ec/p384_const.h"
#include "tests/support/draw.h"
#include "tests/support/ec_signed.h"

static const struct lk_ec_curve *curve;
static const struct lk_verify_kernel *ways[LK_VERIFY_WAYS_MAX];
static unsigned way_count;
/* The key that is signed with, prepared by each way. */
static struct lk_ec_signed one;
static struct lk_ecdsa_check *check[LK_VERIFY_WAYS_MAX];

static bool is_p256(void)
{
    return curve == &lk_ec_curves[0];
}

static void for_each_curve(void (*test)(void))
{
    for (unsigned i = 0; i < LK_EC_CURVES; i++) {
        curve = &lk_ec_curves[i];
        way_count = lk_verify_ways(curve, ways);
        test();
        lk_ec_signed_end(&one);
    }
}

/* libcrypto takes ten times as long for P-384. */
static unsigned rounds(unsigned check_rounds, unsigned longer)
{
    unsigned n = lk_draw_rounds(check_rounds, longer);
    return is_p256() || n < 8 ? n : n / 8;
}

static void checks_open(void)
{
    for (unsigned i = 0; i < way_count; i++) {
        check[i] = lk_ecdsa_check_by(ways[i], one.key);
        assert_non_null(check[i]);
    }
}

static void checks_close(void)
{
    for (unsigned i = 0; i < way_count; i++)
        lk_ecdsa_check_free(check[i]);
}

static enum lk_verify word_of(unsigned way, const uint8_t *der, size_t len)
{
    const struct lk_ecdsa_signed what = {one.digest, one.digest_bytes, der, len};
    return lk_ecdsa_check_verify(check[way], &what);
}

/* All say what libcrypto says, of these bytes; returns it. */
static bool der_judged(const uint8_t *der, size_t len)
{
    bool good = lk_ec_signed_good(&one, der, len);
    for (unsigned i = 0; i < way_count; i++)
        assert_int_equal(word_of(i, der, len) == LK_VERIFY_GOOD, good);
    return good;
}

static bool judged(void)
{
    uint8_t der[LK_EC_DER_BYTES_MAX];
    return der_judged(der, lk_ec_signed_der(&one, der));
}

/* --- drawn signatures ----------------------------------------------------------------------- */

static void flip(uint8_t *bytes, size_t len)
{
    bytes[lk_draw_below(len)] ^= (uint8_t)(1u << lk_draw_below(8));
}

static void minus(uint8_t *x)
{
    uint8_t n[LK_EC_BYTES_MAX];
    lk_ec_near_order(curve, 0, false, n);
    for (unsigned i = curve->bytes, borrow = 0; i-- > 0;) {
        unsigned d = 256u + n[i] - x[i] - borrow;
        x[i] = (uint8_t)d;
        borrow = d < 256;
    }
}

/* All but the last is wrong; a bit of a digest that is longer than n does not count. */
static bool spoil(unsigned how)
{
    size_t counts = one.digest_bytes < curve->bytes ? one.digest_bytes : curve->bytes;
    uint8_t other[LK_EC_BYTES_MAX];
    switch (how) {
    case 0: flip(one.r, curve->bytes); break;
    case 1: flip(one.s, curve->bytes); break;
    case 2: flip(one.digest, counts); break;
    case 3: lk_draw_bytes(one.r, curve->bytes); break;
    case 4: lk_draw_bytes(one.s, curve->bytes); break;
    case 5:
        memcpy(other, one.r, sizeof other);
        memcpy(one.r, one.s, sizeof one.r);
        memcpy(one.s, other, sizeof one.s);
        break;
    case 6: minus(one.r); break;
    default: minus(one.s); return true;
    }
    return false;
}

static void signatures(void)
{
    for (unsigned i = 0; i < rounds(250, 4000); i++) {
        lk_ec_signed_draw(&one, curve);
        checks_open();
        assert_true(judged());
        for (unsigned how = 0; how < 8; how++) {
            struct lk_ec_signed kept = one;
            bool right = spoil(how);
            assert_int_equal(judged(), right);
            one = kept;
        }
        checks_close();
    }
}

static void signatures_are_judged_as_they_are(void **state)
{
    (void)state;
    for_each_curve(signatures);
}

static void keys(void)
{
    struct lk_ec_signed first = {0};
    lk_ec_signed_draw(&first, curve);
    lk_ec_signed_draw(&one, curve);
    checks_open();
    memcpy(one.r, first.r, sizeof one.r);
    memcpy(one.s, first.s, sizeof one.s);
    memcpy(one.digest, first.digest, sizeof one.digest);
    one.digest_bytes = first.digest_bytes;
    assert_false(judged());
    checks_close();
    lk_ec_signed_end(&first);
}

static void signature_of_another_key_is_none(void **state)
{
    (void)state;
    for_each_curve(keys);
}

/* --- edges ---------------------------------------------------------------------------------- */

/* 0, small ones, about half the order, about the order, all ones. */
#define EDGES 16
static void edge(uint8_t *to, unsigned i)
{
    memset(to, i == EDGES - 1 ? 0xff : 0, curve->bytes);
    if (i < 4) to[curve->bytes - 1] = (uint8_t)i;
    if (i == 4) to[0] = 0x80;
    if (i == 5) to[curve->bytes / 2] = 1;
    if (i >= 6 && i < 9) lk_ec_near_order(curve, (int64_t)i - 7, true, to);
    if (i >= 9 && i < EDGES - 1) lk_ec_near_order(curve, (int64_t)i - 12, false, to);
}

/* Of r, s and e all with all, of P-384 a part; none of them signed by anybody. */
static void edges(void)
{
    lk_ec_signed_draw(&one, curve);
    checks_open();
    one.digest_bytes = curve->bytes;
    unsigned parts = lk_draw_rounds(is_p256() ? 12 : 2, 96);
    for (unsigned i = 0; i < EDGES * EDGES * EDGES; i++) {
        if (lk_draw_below(96) >= parts) continue;
        edge(one.r, i % EDGES);
        edge(one.s, i / EDGES % EDGES);
        edge(one.digest, i / EDGES / EDGES);
        assert_false(judged());
    }
    checks_close();
}

static void numbers_at_their_edges_are_none(void **state)
{
    (void)state;
    for_each_curve(edges);
}

/* Right ones with every s, by keys that are made for them. */
static void right_edges(void)
{
    for (unsigned i = 1; i < 12; i++) { /* n is the twelfth */
        uint8_t s[LK_EC_BYTES_MAX], x[LK_EC_BYTES_MAX];
        edge(s, i);
        do {
            lk_draw_bytes(x, curve->bytes);
            x[0] &= 0x7f;
        } while (!lk_ec_signed_of(&one, curve, x, s));
        checks_open();
        assert_true(judged());
        checks_close();
    }
}

static void right_signatures_with_any_s_are_good(void **state)
{
    (void)state;
    for_each_curve(right_edges);
}

/* e = 0, and e = n, which is as good: a digest of zeros is signed like others. */
static void no_digest(void)
{
    uint8_t n[LK_EC_BYTES_MAX];
    lk_ec_near_order(curve, 0, false, n);
    for (unsigned i = 0; i < 4; i++) {
        static const uint8_t zeros[LK_EC_BYTES_MAX];
        lk_ec_signed_over(&one, curve, zeros, curve->bytes);
        checks_open();
        assert_true(judged());
        memcpy(one.digest, n, curve->bytes);
        assert_true(judged());
        checks_close();
    }
}

static void digest_of_zeros_is_like_others(void **state)
{
    (void)state;
    for_each_curve(no_digest);
}

/* x := the next after n, or after 0, that a point has; small s. */
static void next_right(bool above_n, unsigned from)
{
    uint8_t x[LK_EC_BYTES_MAX] = {0}, s[LK_EC_BYTES_MAX] = {0};
    s[curve->bytes - 1] = 9;
    do {
        from++;
        if (above_n)
            lk_ec_near_order(curve, from, false, x);
        else
            x[curve->bytes - 1] = (uint8_t)from;
    } while (!lk_ec_signed_of(&one, curve, x, s));
}

/* x(R) is n + r: r is right, by a point that has not that x. */
static void wrapped(void)
{
    for (unsigned i = 0; i < 40; i += 10) {
        next_right(true, i);
        checks_open();
        assert_true(judged());
        one.r[curve->bytes - 1] ^= 0x80;
        assert_false(judged());
        checks_close();
    }
}

static void r_of_an_x_beyond_n_is_good(void **state)
{
    (void)state;
    for_each_curve(wrapped);
}

static void plus_n(uint8_t *x)
{
    uint8_t n[LK_EC_BYTES_MAX];
    lk_ec_near_order(curve, 0, false, n);
    for (unsigned i = curve->bytes, carry = 0; i-- > 0;) {
        unsigned d = (unsigned)n[i] + x[i] + carry;
        x[i] = (uint8_t)d;
        carry = d >> 8;
    }
}

/* Of a right one s + n, r + n: the equation knows no difference. */
static void out_of_range(void)
{
    for (unsigned i = 0; i < 40; i += 10) {
        next_right(i % 20 == 0, i);
        checks_open();
        struct lk_ec_signed right = one;
        assert_true(judged());
        plus_n(one.s);
        assert_false(judged());
        one = right;
        plus_n(one.r);
        assert_false(judged());
        checks_close();
    }
}

static void numbers_of_n_and_more_are_none(void **state)
{
    (void)state;
    for_each_curve(out_of_range);
}

/* The last addition meets one point twice, or its opposite: no instance says that it is good. */
static void parts(void)
{
    uint8_t der[LK_EC_DER_BYTES_MAX];
    for (unsigned i = 0; i < 8; i++) {
        lk_ec_signed_equal_parts(&one, curve, i % 2 != 0);
        checks_open();
        size_t len = lk_ec_signed_der(&one, der);
        assert_false(lk_ec_signed_good(&one, der, len));
        for (unsigned way = 0; way < way_count; way++)
            assert_int_equal(word_of(way, der, len), LK_VERIFY_UNDECIDED);
        checks_close();
    }
}

static void last_addition_of_equal_points_is_undecided(void **state)
{
    (void)state;
    for_each_curve(parts);
}

/* --- forms ---------------------------------------------------------------------------------- */

static void form(const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len + (len == 0));
    LK_ASSERT(exact != NULL);
    memcpy(exact, bytes, len);
    assert_false(der_judged(exact, len));
    free(exact);
}

/* A byte more or less, at the end and in the midst; lengths written long; a number that turned
 * negative, one with a zero too many. */
static void forms(void)
{
    uint8_t der[LK_EC_DER_BYTES_MAX + 4];
    lk_ec_signed_draw(&one, curve);
    checks_open();
    for (unsigned i = 0; i < rounds(400, 20000); i++) {
        size_t len = lk_ec_signed_der(&one, der), at = lk_draw_below(len);
        size_t at_int = 2, more = lk_draw_below(2); /* to the integer r, or s */
        if (more == 1) at_int = 4 + der[3];
        switch (lk_draw_below(6)) {
        case 0: form(der, at); break;
        case 1:
            lk_draw_bytes(der + len, 4);
            form(der, len + 1 + lk_draw_below(4));
            break;
        case 2:
            der[at] ^= (uint8_t)(1u << lk_draw_below(8));
            form(der, len);
            break;
        case 3: /* 00 before an integer */
            memmove(der + at_int + 3, der + at_int + 2, len - at_int - 2);
            der[at_int + 2] = 0;
            der[at_int + 1]++;
            der[1]++;
            form(der, len + 1);
            break;
        case 4: /* 81 before the length */
            memmove(der + 2, der + 1, len - 1);
            der[1] = 0x81;
            form(der, len + 1);
            break;
        default: /* negative, or longer by 00 that had to be there */
            der[at_int + 2] ^= 0x80;
            form(der, len);
            break;
        }
    }
    form(der, 0);
    checks_close();
}

static void no_form_but_one_is_read(void **state)
{
    (void)state;
    for_each_curve(forms);
}

/* An integer of DER, length and value, becomes its opposite, in two's complement. */
static void negate(uint8_t *integer)
{
    unsigned carry = 1;
    for (unsigned i = integer[0]; i > 0; i--) {
        unsigned x = (uint8_t)~integer[i] + carry;
        integer[i] = (uint8_t)x;
        carry = x >> 8;
    }
}

/* -r, -s of a right one. */
static void negative(void)
{
    lk_ec_signed_draw(&one, curve);
    checks_open();
    for (unsigned i = 1; i < 4; i++) {
        uint8_t der[LK_EC_DER_BYTES_MAX];
        size_t len = lk_ec_signed_der(&one, der);
        if (i != 2) negate(der + 3);
        if (i != 1) negate(der + 3 + der[3] + 2);
        form(der, len);
    }
    checks_close();
}

static void negative_number_is_none(void **state)
{
    (void)state;
    for_each_curve(negative);
}

/* Numbers longer than the order's. */
static void long_numbers(void)
{
    static const uint8_t longer[] = {2, 0x7f, 1};
    uint8_t der[2 + 2 * (2 + 0x7f)], *at = der + 3;
    lk_ec_signed_draw(&one, curve);
    checks_open();
    memset(der, 0x55, sizeof der);
    der[0] = 0x30, der[1] = 0x81, der[2] = 2 * 0x40 + 4;
    for (unsigned i = 0; i < 2; i++, at += 2 + 0x40) {
        memcpy(at, longer, sizeof longer);
        at[1] = 0x40;
    }
    form(der, (size_t)(at - der));
    checks_close();
}

static void number_that_is_too_long_is_none(void **state)
{
    (void)state;
    for_each_curve(long_numbers);
}

/* --- keys ----------------------------------------------------------------------------------- */

static bool prepares(unsigned way, const uint8_t *xy, void **prepared)
{
    void *work = aligned_alloc(64, (ways[way]->work_bytes + 63) / 64 * 64);
    *prepared = malloc(ways[way]->prepared_bytes);
    LK_ASSERT(*prepared != NULL && work != NULL);
    bool good = ways[way]->prepare(work, *prepared, xy);
    free(work);
    return good;
}

/* What the build wrote of the base point (tools/dev/ectable.py) is what prepare makes of it. */
static void combs(void)
{
    const uint64_t *written[LK_EC_CURVES][LK_VERIFY_WAYS_MAX] = {
        {lk_p256_comb_x2[0][0], lk_p256_comb_x8[0][0]},
        {lk_p384_comb_x2[0][0], lk_p384_comb_x8[0][0]}};
    uint8_t k[LK_EC_BYTES_MAX] = {0}, xy[2 * LK_EC_BYTES_MAX];
    k[curve->bytes - 1] = 1;
    LK_ASSERT(lk_ec_times_base(curve, k, xy));
    for (unsigned way = 0; way < way_count; way++) {
        void *prepared;
        assert_true(prepares(way, xy, &prepared));
        assert_memory_equal(prepared, written[curve - lk_ec_curves][way],
                            ways[way]->prepared_bytes);
        free(prepared);
    }
}

static void comb_of_the_base_point_is_what_the_build_wrote(void **state)
{
    (void)state;
    for_each_curve(combs);
}

static void no_points(void)
{
    lk_ec_signed_draw(&one, curve);
    for (unsigned i = 0; i < 12; i++) {
        uint8_t xy[2 * LK_EC_BYTES_MAX];
        memcpy(xy, one.xy, sizeof xy);
        if (i < 8) flip(xy, 2 * curve->bytes);
        if (i == 8) memset(xy, 0, 2 * curve->bytes);
        if (i == 9) memset(xy, 0xff, 2 * curve->bytes);
        if (i == 10) memset(xy, 0, curve->bytes);
        if (i == 11) memcpy(xy + curve->bytes, one.xy, curve->bytes);
        for (unsigned way = 0; way < way_count; way++) {
            void *prepared;
            assert_false(prepares(way, xy, &prepared));
            free(prepared);
        }
    }
}

static void key_that_is_no_point_is_not_prepared(void **state)
{
    (void)state;
    for_each_curve(no_points);
}

static uint32_t cpu(void)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    return features;
}

/* Another curve's key, and of the CPU that has no kernel. */
static void other_keys(void)
{
    const struct lk_verify_kernel *other[LK_VERIFY_WAYS_MAX];
    lk_ec_signed_draw(&one, curve);
    (void)lk_verify_ways(&lk_ec_curves[is_p256() ? 1 : 0], other);
    assert_null(lk_ecdsa_check_by(other[0], one.key));
    struct lk_ecdsa_check *by_cpu = lk_ecdsa_check_new(cpu(), one.key);
    assert_int_equal(by_cpu != NULL, way_count == 2);
    lk_ecdsa_check_free(by_cpu);
    assert_null(lk_ecdsa_check_new(cpu() & ~(UINT32_C(1) << LK_CPU_IFMA), one.key));
}

static void key_goes_to_its_curve_and_cpu(void **state)
{
    (void)state;
    for_each_curve(other_keys);
    EVP_PKEY *none[] = {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521")};
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        LK_ASSERT(none[i] != NULL);
        assert_null(lk_ecdsa_check_new(cpu(), none[i]));
        EVP_PKEY_free(none[i]);
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
        cmocka_unit_test(signatures_are_judged_as_they_are),
        cmocka_unit_test(signature_of_another_key_is_none),
        cmocka_unit_test(numbers_at_their_edges_are_none),
        cmocka_unit_test(right_signatures_with_any_s_are_good),
        cmocka_unit_test(digest_of_zeros_is_like_others),
        cmocka_unit_test(r_of_an_x_beyond_n_is_good),
        cmocka_unit_test(numbers_of_n_and_more_are_none),
        cmocka_unit_test(last_addition_of_equal_points_is_undecided),
        cmocka_unit_test(no_form_but_one_is_read),
        cmocka_unit_test(negative_number_is_none),
        cmocka_unit_test(number_that_is_too_long_is_none),
        cmocka_unit_test(comb_of_the_base_point_is_what_the_build_wrote),
        cmocka_unit_test(key_that_is_no_point_is_not_prepared),
        cmocka_unit_test(key_goes_to_its_curve_and_cpu),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
