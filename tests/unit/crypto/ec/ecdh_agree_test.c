/* Shares and secrets of the kernels against libcrypto's: by the thousand, edges of keys and of
 * points, what is no point, and that a lane hangs on nothing but itself. LK_SEED=number repeats a
 * run. */
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
#include "tests/support/ecdh_subject.h"
#include "tests/support/ec_subject.h"

#define BYTES 32 /* of Curve25519 */

static void for_each_kernel(void (*test)(struct lk_ecdh_trial *t))
{
    const struct lk_ecdh_kernel *kernels[LK_ECDH_KERNELS_MAX];
    unsigned count = lk_ecdh_kernels(kernels);
    struct lk_ecdh_trial *t = malloc(sizeof *t);
    LK_ASSERT(t != NULL);
    for (unsigned i = 0; i < count; i++) {
        lk_ecdh_trial_open(t, kernels[i]);
        test(t);
        lk_ecdh_trial_close(t);
    }
    free(t);
}

/* All of live, as libcrypto has them. */
static void run_and_judge(struct lk_ecdh_trial *t, uint64_t live)
{
    uint64_t returned = lk_ecdh_trial_run(t, live);
    for (uint64_t left = live; left != 0; left &= left - 1)
        lk_ecdh_trial_judge(t, returned, (unsigned)__builtin_ctzll(left));
}

/* --- by the thousand ------------------------------------------------------------------------ */

/* By IFMA twenty thousand of each, of P-384 one thousand; a million of Curve25519 where there is
 * time. */
static void many(struct lk_ecdh_trial *t)
{
    unsigned check = 313, longer = lk_ecdh_kernel_is_x25519(t->kernel) ? 15625 : 1600;
    if (lk_ecdh_kernel_is_model(t->kernel)) check = 8, longer = 100;
    unsigned less = lk_ecdh_less(t->kernel);
    for (unsigned i = 0; i < lk_draw_rounds((check + less - 1) / less, longer); i++) {
        lk_ecdh_trial_fill(t, lk_ecdh_trial_all(t));
        run_and_judge(t, lk_ecdh_trial_all(t));
    }
}

static void results_are_the_librarys(void **state)
{
    (void)state;
    for_each_kernel(many);
}

/* --- edges ---------------------------------------------------------------------------------- */

/* Of a string of 256 bits: about the powers of two, and patterns; which counts on and on. */
static void edge(unsigned which, uint8_t to[BYTES])
{
    static const uint8_t pattern[] = {0x00, 0xff, 0x55, 0xaa, 0x7f, 0x80};
    unsigned bit = which / 3 % 256;
    memset(to, 0, BYTES);
    if (which % 7 == 6) {
        memset(to, pattern[which / 7 % 6], BYTES);
        return;
    }
    if (which % 3 == 0) memset(to, 0xff, bit / 8); /* 2^bit - 1 */
    to[bit / 8] = (uint8_t)((1u << bit % 8) - (which % 3 == 0));
    if (which % 3 == 2) to[0] |= 1;
}

/* k for which the last addition of a secret meets its own double, and n - k (docs/kernels.md). */
static int64_t exception(const struct lk_ec_curve *curve)
{
    return curve == &lk_ec_curves[0] ? 2 : 6;
}

/* The ends of what 512 bits can be, and what is near n or half of it: no multiple of n, and not the
 * two that have a test of their own. */
static void nist_edge(const struct lk_ec_curve *curve, unsigned which,
                      uint8_t to[LK_ECDH_SECRET_BYTES_MAX])
{
    memset(to, 0, LK_ECDH_SECRET_BYTES_MAX);
    if (which % 5 == 0) {
        int64_t offset = (int64_t)(which / 5 % 64) - 32;
        bool other = offset == 0 || offset == exception(curve) || offset == -exception(curve);
        lk_ec_near_order(curve, other ? 1 : offset, which % 10 != 0,
                         to + LK_ECDH_SECRET_BYTES_MAX - curve->bytes);
    } else if (which % 5 == 1) {
        memset(to, 0xff, LK_ECDH_SECRET_BYTES_MAX);
    } else {
        edge(which, to + (which % 2 != 0 ? 0 : BYTES));
        to[LK_ECDH_SECRET_BYTES_MAX - 1] |= 1;
    }
}

static void keys(struct lk_ecdh_trial *t)
{
    unsigned rounds = lk_ecdh_kernel_is_model(t->kernel) ? 6 : 24, which = 0;
    if (lk_ecdh_less(t->kernel) > 1) rounds = lk_draw_rounds(rounds / 6, rounds);
    for (unsigned round = 0; round < rounds; round++) {
        lk_ecdh_trial_fill(t, lk_ecdh_trial_all(t));
        for (unsigned i = 0; i < t->kernel->requests; i++, which++)
            if (lk_ecdh_kernel_is_x25519(t->kernel))
                edge(which, t->secret[i]);
            else
                nist_edge(lk_ecdh_curve(t->kernel), which, t->secret[i]);
        run_and_judge(t, lk_ecdh_trial_all(t));
    }
}

static void any_key_is_used_as_the_library_does(void **state)
{
    (void)state;
    for_each_kernel(keys);
}

/* u of all points of small order, on the curve and on its twist, and what stands for them with p or
 * bit 255 added (RFC 7748 5, 7). The largest is below 2^256: those of order 8 that are below 38. */
static const char *const small_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};
#define SMALL_ORDERS (sizeof small_order / sizeof small_order[0])

static void hex_read(const char *hex, uint8_t *to)
{
    for (unsigned i = 0; i < BYTES; i++)
        to[i] = (uint8_t)strtoul((char[3]){hex[2 * i], hex[2 * i + 1], 0}, NULL, 16);
}

/* One of them in each lane in turn, with any key, among others that are well. */
static void low_order(struct lk_ecdh_trial *t)
{
    if (!lk_ecdh_kernel_is_x25519(t->kernel)) return;
    for (unsigned which = 0; which < 2 * SMALL_ORDERS; which++)
        for (unsigned lane = 0; lane < t->kernel->lanes; lane++) {
            uint64_t live = ~UINT64_C(0) >> (64 - t->kernel->lanes);
            lk_ecdh_trial_fill(t, live);
            hex_read(small_order[which / 2], t->peer[lane]);
            if (which % 2 != 0) t->peer[lane][BYTES - 1] ^= 0x80;
            assert_int_equal(lk_ecdh_trial_run(t, live), live & ~(UINT64_C(1) << lane));
            assert_int_equal(t->refused, UINT64_C(1) << lane);
            for (unsigned i = 0; i < t->kernel->lanes; i++)
                lk_ecdh_trial_judge(t, live & ~(UINT64_C(1) << lane), i);
        }
}

static void points_of_small_order_are_refused(void **state)
{
    (void)state;
    for_each_kernel(low_order);
}

/* u from p to 2^255 - 1, with bit 255 and without. */
static void past_p(struct lk_ecdh_trial *t)
{
    if (!lk_ecdh_kernel_is_x25519(t->kernel)) return;
    for (unsigned first = 0; first < 38; first += t->kernel->requests) {
        lk_ecdh_trial_fill(t, lk_ecdh_trial_all(t));
        for (unsigned i = 0; i < t->kernel->requests; i++) {
            memset(t->peer[i], 0xff, BYTES);
            t->peer[i][0] = (uint8_t)(0xed + (first + i) / 2 % 19);
            t->peer[i][BYTES - 1] = i % 2 != 0 ? 0xff : 0x7f;
        }
        run_and_judge(t, lk_ecdh_trial_all(t));
    }
}

static void numbers_past_p_are_taken_modulo_p(void **state)
{
    (void)state;
    for_each_kernel(past_p);
}

/* --- what is no point ------------------------------------------------------------------------ */

/* Another form, a coordinate of p or more, a bit that is wrong, anything at all. */
static void spoil(uint8_t *peer, unsigned bytes)
{
    static const uint8_t forms[] = {0, 2, 3, 5, 6, 7, 0x84, 0xff};
    switch (lk_draw_below(6)) {
    case 0: peer[0] = forms[lk_draw_below(sizeof forms)]; break;
    case 1: memset(peer + 1 + bytes * lk_draw_below(2), 0xff, bytes); break;
    case 2: memset(peer + 1, 0, 2 * bytes); break;
    case 3: peer[1 + lk_draw_below(2 * bytes)] ^= (uint8_t)(1u << lk_draw_below(8)); break;
    default: lk_draw_bytes(peer + 1, 2 * bytes); break;
    }
}

/* A hundred thousand where there is time. */
static void no_points(struct lk_ecdh_trial *t)
{
    if (lk_ecdh_kernel_is_x25519(t->kernel)) return;
    bool model = lk_ecdh_kernel_is_model(t->kernel);
    unsigned check = model ? 4 : 60, less = lk_ecdh_less(t->kernel);
    for (unsigned i = 0; i < lk_draw_rounds((check + less - 1) / less, model ? 60 : 3200); i++) {
        uint64_t all = lk_ecdh_trial_all(t), bad = lk_draw() & all;
        lk_ecdh_trial_fill(t, all);
        for (uint64_t left = bad; left != 0; left &= left - 1)
            spoil(t->peer[__builtin_ctzll(left)], lk_ecdh_curve(t->kernel)->bytes);
        assert_int_equal(lk_ecdh_trial_run(t, all), all & ~bad);
        assert_int_equal(t->refused, bad);
        unsigned lane = (unsigned)lk_draw_below(t->kernel->requests);
        lk_ecdh_trial_judge(t, all & ~bad, lane);
    }
}

static void what_is_no_point_is_refused(void **state)
{
    (void)state;
    for_each_kernel(no_points);
}

/* The point of least x, and the same with x + p, which has no more bytes. */
static void small_x(const struct lk_ec_curve *curve, uint8_t *peer, uint8_t *past_p)
{
    const EC_GROUP *group = lk_ec_group(curve);
    int bytes = (int)curve->bytes;
    size_t len = 1 + 2 * curve->bytes;
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *x = BN_new();
    while (EC_POINT_set_compressed_coordinates(group, point, x, 0, NULL) != 1)
        BN_add_word(x, 1);
    LK_ASSERT(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, peer, len, NULL) ==
              len);
    memcpy(past_p, peer, len);
    BN_add(x, x, EC_GROUP_get0_field(group));
    LK_ASSERT(BN_bn2binpad(x, past_p + 1, bytes) == bytes);
    BN_free(x);
    EC_POINT_free(point);
}

static void coordinates(struct lk_ecdh_trial *t)
{
    uint8_t peer[LK_ECDH_POINT_BYTES_MAX], past_p[LK_ECDH_POINT_BYTES_MAX];
    if (lk_ecdh_kernel_is_x25519(t->kernel)) return;
    small_x(lk_ecdh_curve(t->kernel), peer, past_p);
    lk_ecdh_trial_fill(t, 3);
    memcpy(t->peer[0], peer, t->kernel->point_bytes);
    memcpy(t->peer[1], past_p, t->kernel->point_bytes);
    assert_int_equal(lk_ecdh_trial_run(t, 3), 1);
    assert_int_equal(t->refused, 2);
    lk_ecdh_trial_judge(t, 1, 0);
}

static void coordinate_past_p_is_refused(void **state)
{
    (void)state;
    for_each_kernel(coordinates);
}

/* --- lanes ---------------------------------------------------------------------------------- */

/* Any lanes live, any dead: what leaves a lane is what it gives alone, with its share or without.
 */
static void alone_and_together(struct lk_ecdh_trial *t)
{
    static uint8_t shared[LK_ECDH_REQUESTS_MAX][LK_ECDH_SHARED_BYTES_MAX];
    static uint8_t own[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX];
    size_t bytes = t->kernel->shared_bytes;
    uint64_t live = lk_draw() & lk_ecdh_trial_all(t);
    if (lk_draw_below(2) == 0) live &= lk_draw();
    if (live == 0) live = 1;
    lk_ecdh_trial_fill(t, live);
    assert_int_equal(lk_ecdh_trial_run(t, live), live);
    for (unsigned i = 0; i < LK_ECDH_REQUESTS_MAX; i++) {
        memcpy(shared[i], t->shared[i], bytes);
        memcpy(own[i], t->own[i], sizeof own[i]);
    }
    assert_int_equal(lk_ecdh_trial_derive(t, live), live);
    for (uint64_t left = live; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        assert_memory_equal(t->shared[i], shared[i], bytes);
    }
    for (uint64_t left = live; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        assert_int_equal(lk_ecdh_trial_run(t, UINT64_C(1) << i), UINT64_C(1) << i);
        assert_memory_equal(t->shared[i], shared[i], bytes);
        assert_memory_equal(t->own[i], own[i], t->kernel->point_bytes);
    }
}

static void lanes(struct lk_ecdh_trial *t)
{
    unsigned check = lk_ecdh_kernel_is_model(t->kernel) ? 4 : 16;
    unsigned now = lk_ecdh_less(t->kernel) > 1 ? check / 4 : check;
    for (unsigned i = 0; i < lk_draw_rounds(now, 30 * check); i++)
        alone_and_together(t);
}

static void lane_hangs_on_nothing_but_itself(void **state)
{
    (void)state;
    for_each_kernel(lanes);
}

static void fills(struct lk_ecdh_trial *t)
{
    for (unsigned count = 1; count <= t->kernel->requests; count++) {
        uint64_t live = ~UINT64_C(0) >> (64 - count);
        lk_ecdh_trial_fill(t, live);
        uint64_t returned = lk_ecdh_trial_run(t, live);
        assert_int_equal(returned, live);
        lk_ecdh_trial_judge(t, returned, count - 1);
    }
    assert_int_equal(lk_ecdh_trial_run(t, 0), 0);
    assert_int_equal(t->refused, 0);
}

static void batch_of_any_fill_is_served(void **state)
{
    (void)state;
    for_each_kernel(fills);
}

/* --- keys that give nothing ----------------------------------------------------------------- */

/* 0, n, and the two whose last addition meets its own double: neither served nor the peer's fault,
 * and no neighbour's loss. */
static void voids(struct lk_ecdh_trial *t)
{
    const struct lk_ec_curve *curve = lk_ecdh_curve(t->kernel);
    if (curve == NULL) return;
    size_t last = LK_ECDH_SECRET_BYTES_MAX - 1;
    for (unsigned which = 0; which < 4; which++) {
        uint64_t all = lk_ecdh_trial_all(t), dead = 0;
        lk_ecdh_trial_fill(t, all);
        for (unsigned i = 1; i < t->kernel->requests; i += 3) {
            memset(t->secret[i], 0, sizeof t->secret[i]);
            if (which % 2 != 0)
                lk_ec_near_order(curve, which == 3 ? -exception(curve) : 0, false,
                                 t->secret[i] + last + 1 - curve->bytes);
            if (which == 2) t->secret[i][last] = (uint8_t)exception(curve);
            dead |= UINT64_C(1) << i;
        }
        assert_int_equal(lk_ecdh_trial_run(t, all), all & ~dead);
        assert_int_equal(t->refused, 0);
        for (unsigned i = 0; i < t->kernel->requests; i += 3)
            lk_ecdh_trial_judge(t, all & ~dead, i);
    }
}

static void key_without_a_result_harms_no_neighbour(void **state)
{
    (void)state;
    for_each_kernel(voids);
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
        cmocka_unit_test(results_are_the_librarys),
        cmocka_unit_test(any_key_is_used_as_the_library_does),
        cmocka_unit_test(points_of_small_order_are_refused),
        cmocka_unit_test(numbers_past_p_are_taken_modulo_p),
        cmocka_unit_test(what_is_no_point_is_refused),
        cmocka_unit_test(coordinate_past_p_is_refused),
        cmocka_unit_test(lane_hangs_on_nothing_but_itself),
        cmocka_unit_test(batch_of_any_fill_is_served),
        cmocka_unit_test(key_without_a_result_harms_no_neighbour),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
