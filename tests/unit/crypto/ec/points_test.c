/* Points of P-256 judged side by side, each instance against libcrypto's judgement: any count, in
 * every lane, and what is no point in every way there is. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include "core/base/err.h"
#include "crypto/cpu.h"
#include "crypto/ec/p256_points.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"

#define BYTES 32

struct points {
    uint8_t bytes[LK_P256_POINTS_MAX][LK_P256_POINT_BYTES];
    const uint8_t *point[LK_P256_POINTS_MAX];
    uint64_t good; /* as libcrypto has it */
};

static void for_each_instance(void (*test)(lk_p256_points *judge))
{
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    test(lk_p256_points_library);
    test(lk_p256_points_ref);
    if ((features >> LK_CPU_IFMA & 1) != 0) test(lk_p256_points_ifma);
}

static bool library_good(const uint8_t *point)
{
    const EC_GROUP *group = lk_ec_group(&lk_ec_curves[0]);
    EC_POINT *p = EC_POINT_new(group);
    LK_ASSERT(p != NULL);
    bool good = point[0] == 4 &&
                EC_POINT_oct2point(group, p, point, LK_P256_POINT_BYTES, NULL) == 1;
    ERR_clear_error();
    EC_POINT_free(p);
    return good;
}

/* A multiple of the base point, k small enough to be quick and never 0. */
static void draw_point(uint8_t *point)
{
    uint8_t k[BYTES] = {0};
    lk_draw_bytes(k + BYTES - 3, 3);
    k[BYTES - 1] |= 1;
    point[0] = 4;
    LK_ASSERT(lk_ec_times_base(&lk_ec_curves[0], k, point + 1));
}

/* Another form, a coordinate of p or more, a bit that is wrong, both zero, anything at all, -y. */
static void spoil(uint8_t *point)
{
    static const uint8_t forms[] = {0, 2, 3, 5, 6, 7, 0x84, 0xff};
    switch (lk_draw_below(6)) {
    case 0: point[0] = forms[lk_draw_below(sizeof forms)]; break;
    case 1: memset(point + 1 + BYTES * lk_draw_below(2), 0xff, BYTES); break;
    case 2: memset(point + 1, 0, 2 * BYTES); break;
    case 3: point[1 + lk_draw_below(2 * BYTES)] ^= (uint8_t)(1u << lk_draw_below(8)); break;
    case 4: lk_draw_bytes(point + 1, 2 * BYTES); break;
    default: memcpy(point + 1, point + 1 + BYTES, BYTES); break;
    }
}

static void draw(struct points *p, unsigned count, size_t one_bad_in)
{
    p->good = 0;
    for (unsigned i = 0; i < count; i++) {
        draw_point(p->bytes[i]);
        if (lk_draw_below(one_bad_in) == 0) spoil(p->bytes[i]);
        p->point[i] = p->bytes[i];
        p->good |= (uint64_t)library_good(p->bytes[i]) << i;
    }
}

static void many(lk_p256_points *judge)
{
    struct points p;
    for (unsigned i = 0; i < lk_draw_rounds(12, 1600); i++) {
        unsigned count = 1 + (unsigned)lk_draw_below(LK_P256_POINTS_MAX);
        draw(&p, count, 1 + lk_draw_below(4));
        assert_int_equal(judge(p.point, count), p.good);
    }
}

static void points_are_judged_as_the_library_does(void **state)
{
    (void)state;
    for_each_instance(many);
}

/* One alone is none, whichever it is; and neighbours behind the last do not count. */
static void lanes(lk_p256_points *judge)
{
    struct points p;
    for (unsigned bad = 0; bad < 16; bad++) {
        draw(&p, 16, UINT32_MAX);
        p.bytes[bad][2 * BYTES] ^= 1;
        assert_int_equal(judge(p.point, 16), 0xffffu & ~(1u << bad));
        assert_int_equal(judge(p.point, bad + 1), (1u << bad) - 1);
        if (bad > 0) assert_int_equal(judge(p.point, bad), (1u << bad) - 1);
    }
}

static void every_lane_tells_its_own(void **state)
{
    (void)state;
    for_each_instance(lanes);
}

/* The smallest x there is, and x + p in the same 32 bytes. */
static void past_p(lk_p256_points *judge)
{
    const EC_GROUP *group = lk_ec_group(&lk_ec_curves[0]);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *x = BN_new(), *p = BN_new();
    uint8_t bytes[LK_P256_POINT_BYTES];
    const uint8_t *at = bytes;
    LK_ASSERT(EC_GROUP_get_curve(group, p, NULL, NULL, NULL) == 1);
    while (EC_POINT_set_compressed_coordinates(group, point, x, 0, NULL) != 1)
        LK_ASSERT(BN_add_word(x, 1) == 1);
    ERR_clear_error();
    LK_ASSERT(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes,
                                 NULL) == sizeof bytes);
    assert_int_equal(judge(&at, 1), 1);
    LK_ASSERT(BN_add(x, x, p) == 1 && BN_bn2binpad(x, bytes + 1, BYTES) == BYTES);
    assert_int_equal(judge(&at, 1), 0);
    BN_free(p);
    BN_free(x);
    EC_POINT_free(point);
}

static void coordinate_past_p_is_none(void **state)
{
    (void)state;
    for_each_instance(past_p);
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
        cmocka_unit_test(points_are_judged_as_the_library_does),
        cmocka_unit_test(every_lane_tells_its_own),
        cmocka_unit_test(coordinate_past_p_is_none),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
