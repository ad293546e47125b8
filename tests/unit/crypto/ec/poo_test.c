/* Proofs of ownership by the kernels, held against libcrypto: right ones, wrong ones, edges, points
 * that are none; in every lane, beside any neighbour. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "core/base/err.h"
#include "crypto/engine_poo_batch.h"
#include "tests/support/draw.h"
#include "tests/support/ec_proof.h"
#include "tests/support/ec_subject.h"

#define LANES LK_POO_PROOFS_MAX
#define ALL (~UINT64_C(0))

static struct lk_engine_work *work;

/* The curve that is looked at, and its kernels; the quick one is the last. */
static const struct lk_ec_curve *curve;
static struct lk_poo_way ways[LK_POO_WAYS_MAX];
static unsigned way_count;

/* A batch, and what is true of it. */
struct scene {
    struct lk_ec_proof proof[LANES];
    uint64_t right, none; /* good proofs, and those with a point that is none */
};
static struct scene scene;

static void for_each_curve(void (*test)(void))
{
    for (unsigned i = 0; i < LK_EC_CURVES; i++) {
        curve = &lk_ec_curves[i];
        way_count = lk_poo_ways(curve, ways);
        test();
    }
}

/* libcrypto, which makes and judges what kernels are held against, takes twenty times as long for
 * P-384: so many of what is done with P-256, but for a long run. */
static unsigned rounds(unsigned check, unsigned longer)
{
    unsigned less = curve == &lk_ec_curves[0] ? 1 : 25;
    return lk_draw_rounds((check + less - 1) / less, longer);
}

/* --- a kernel ------------------------------------------------------------------------------- */

static struct lk_poo_verdicts judge(const struct lk_poo_way *way, const struct scene *s,
                                    uint64_t live)
{
    static const uint8_t *const nowhere = (const uint8_t *)(uintptr_t)0xdead000000000000u;
    static uint8_t area[1 << 16] __attribute__((aligned(64)));
    struct lk_poo_job job[LANES];
    LK_ASSERT(way->kernel->work_bytes <= sizeof area);
    memset(area, 0xa5, sizeof area);
    for (unsigned i = 0; i < LANES; i++)
        job[i] = (live >> i & 1) != 0 ? lk_ec_proof_job(&s->proof[i])
                                      : (struct lk_poo_job){nowhere, nowhere, nowhere, nowhere, 16};
    struct lk_poo_verdicts v = way->kernel->judge(area, job, live);
    assert_int_equal((v.good | v.point_bad | v.undecided) & ~live, 0);
    assert_int_equal(v.good & v.point_bad, 0);
    assert_int_equal(v.undecided & (v.good | v.point_bad), 0);
    for (size_t i = way->kernel->work_bytes; i < sizeof area; i++)
        assert_int_equal(area[i], 0xa5);
    return v;
}

/* Each lane decided, and rightly. */
static void judged(const struct lk_poo_way *way, const struct scene *s, uint64_t live)
{
    struct lk_poo_verdicts v = judge(way, s, live);
    assert_int_equal(v.undecided, 0);
    assert_int_equal(v.point_bad, s->none & live);
    assert_int_equal(v.good, s->right & live);
}

/* The model is slow: `some` of the lanes. */
static void judged_by_all(const struct scene *s, uint64_t some)
{
    for (unsigned i = 0; i < way_count; i++) {
        uint64_t live = lk_poo_way_is_model(&ways[i]) ? some : ALL;
        if (live != 0) judged(&ways[i], s, live);
    }
}

/* --- any proofs ----------------------------------------------------------------------------- */

static void scene_draw(struct scene *s)
{
    s->right = ALL, s->none = 0;
    for (unsigned i = 0; i < LANES; i++)
        lk_ec_proof_draw(&s->proof[i], curve);
}

static void some_spoilt(struct scene *s, unsigned one_of)
{
    for (unsigned i = 0; i < LANES; i++) {
        if (lk_draw_below(one_of) != 0) continue;
        lk_ec_proof_spoil(&s->proof[i], (enum lk_ec_wrong)lk_draw_below(LK_EC_WRONG_COUNT));
        s->right &= ~(UINT64_C(1) << i);
    }
}

static void any_proofs(void)
{
    bool p256 = curve == &lk_ec_curves[0];
    unsigned most = rounds(300, p256 ? 15700 : 1600); /* a million, and a tenth of that */
    for (unsigned round = 0; round < most; round++) {
        scene_draw(&scene);
        some_spoilt(&scene, 4);
        judged_by_all(&scene, round % 30 == 0 ? ALL : 0);
    }
}

static void any_proof_is_judged_as_it_is(void **state)
{
    (void)state;
    for_each_curve(any_proofs);
}

/* Every way to be wrong, in every lane. */
static void wrong_proofs(void)
{
    for (unsigned how = 0; how < LK_EC_WRONG_COUNT; how++) {
        scene_draw(&scene);
        for (unsigned i = 0; i < LANES; i++)
            lk_ec_proof_spoil(&scene.proof[i], (enum lk_ec_wrong)how);
        scene.right = 0;
        judged_by_all(&scene, 0xf);
    }
}

static void no_wrong_proof_is_good(void **state)
{
    (void)state;
    for_each_curve(wrong_proofs);
}

/* --- points --------------------------------------------------------------------------------- */

static void points_that_are_none(void)
{
    unsigned most = rounds(50, 1600); /* 100,000 */
    for (unsigned round = 0; round < most; round++) {
        if (round % 16 == 0) scene_draw(&scene);
        scene.none = ALL, scene.right = 0;
        struct scene hostile = scene;
        for (unsigned i = 0; i < LANES; i++) {
            if (lk_draw_below(4) != 0)
                lk_ec_proof_hostile_point(curve, hostile.proof[i].bg);
            else
                lk_ec_proof_hostile_point(curve, hostile.proof[i].vg);
        }
        judged_by_all(&hostile, round % 16 == 0 ? ALL : 0);
    }
}

static void points_that_are_none_are_told(void **state)
{
    (void)state;
    for_each_curve(points_that_are_none);
}

/* --- edges ---------------------------------------------------------------------------------- */

static void number(uint8_t *to, const BIGNUM *x)
{
    LK_ASSERT(BN_bn2binpad(x, to, (int)curve->bytes) == (int)curve->bytes);
}

/* Small numbers, and such as are near the order, half of it, or a power of two. */
#define EDGES 26
static void edge(uint8_t *to, unsigned i)
{
    BIGNUM *x = BN_new();
    unsigned bytes = curve->bytes;
    memset(to, 0, bytes);
    if (i < 9) {
        static const uint8_t small[] = {0, 1, 2, 3, 8, 15, 16, 17, 32};
        to[bytes - 1] = small[i];
    } else if (i < 15) {
        lk_ec_near_order(curve, (int64_t)i - 12, false, to); /* n - 3 .. n + 2 */
    } else if (i < 18) {
        lk_ec_near_order(curve, (int64_t)(2 * i) - 32, true, to);
    } else if (i < 24) {
        const unsigned bits[] = {64, 127, 128, 8 * bytes - 4, 8 * bytes - 2, 8 * bytes - 1};
        LK_ASSERT(BN_set_bit(x, (int)bits[i - 18]));
        if (i % 2 == 0) BN_sub_word(x, 1);
        number(to, x);
    } else {
        memset(to, i == 24 ? 0xff : 0xaa, bytes);
    }
    BN_free(x);
}

/* The points that the kernel's own numbers are made of: +-G, its small multiples, entries of its
 * table. */
#define KEYS 20
static void edge_key(uint8_t *point, unsigned i)
{
    static const uint8_t small[] = {1, 2, 3, 4, 5, 15, 16, 17, 30, 126, 127};
    uint8_t k[LK_EC_BYTES_MAX] = {0};
    if (i < 11) {
        k[curve->bytes - 1] = small[i];
    } else {
        unsigned bit = curve->window_bits * (4 * (i - 10) - 1); /* an entry, window 3, 7, ... 35 */
        k[curve->bytes - 1 - bit / 8] = (uint8_t)(1u << bit % 8);
    }
    lk_ec_proof_point(curve, point, k, i % 3 == 2);
}

/* What each proof is, by the library's row, is what kernels and their rows say, but of undecided
 * ones: those are looked at few at a time, and refused else. */
static void compared(struct scene *s, unsigned count)
{
    struct lk_operand operand[LANES];
    uint64_t live = ALL >> (64 - count), right = 0, none = 0;
    for (unsigned i = 0; i < count; i++) {
        operand[i] = lk_ec_proof_operand(&s->proof[i]);
        if (lk_engine_rows[ways[0].library].run(work, operand + i, 1) == 1)
            right |= UINT64_C(1) << i;
        if (operand[i].point_bad) none |= UINT64_C(1) << i;
    }
    for (unsigned k = 0; k < way_count; k++) {
        if (lk_poo_way_is_model(&ways[k]) && way_count == 2 && lk_draw_below(16) != 0) continue;
        struct lk_poo_verdicts v = judge(&ways[k], s, live);
        assert_int_equal(v.good, right & ~v.undecided);
        assert_int_equal(v.point_bad, none);
        uint64_t good = ways[k].row->run(work, operand, live);
        assert_int_equal(good & ~right, 0);
        assert_int_equal(right & ~good & ~v.undecided, 0);
        for (unsigned i = 0; i < count; i++) {
            assert_false(operand[i].recomputed);
            assert_int_equal(operand[i].point_bad, none >> i & 1);
            if ((v.undecided >> i & 1) == 0) assert_true(operand[i].by_kernel);
        }
    }
}

/* r, c and bG at their edges, all with all (a quarter of that in make check, of P-384 a part of
 * that); vG right, and its opposite. Of a number that is longer than a challenge, c is its end. */
static void edges(void)
{
    unsigned used = 0, parts = lk_draw_rounds(curve == &lk_ec_curves[0] ? 24 : 1, 96);
    for (unsigned key = 0; key < KEYS; key++)
        for (unsigned r = 0; r < EDGES; r++)
            for (unsigned c = 0; c < 2 * EDGES; c++) {
                if (lk_draw_below(96) >= parts) continue;
                struct lk_ec_proof *proof = &scene.proof[used];
                uint8_t number[LK_EC_BYTES_MAX];
                proof->curve = curve;
                edge_key(proof->bg, key);
                edge(proof->r, r);
                edge(number, c / 2);
                proof->c_bytes = c % 2 == 0 ? 32 : 16;
                memcpy(proof->c, number + curve->bytes - proof->c_bytes, proof->c_bytes);
                bool closed = lk_ec_proof_close(proof);
                if (closed && lk_draw_below(8) == 0) lk_ec_proof_spoil(proof, LK_EC_WRONG_SIGN);
                if (++used < LANES) continue;
                compared(&scene, used);
                used = 0;
            }
    if (used > 0) compared(&scene, used);
}

static void edges_are_judged_as_the_library_does(void **state)
{
    (void)state;
    for_each_curve(edges);
}

/* bG = kG and r = ck: the last addition meets its own double; r = -ck: infinity. c = 0 and r = 0
 * are no better. The kernel says that it cannot tell. */
static void equal_points(void)
{
    BIGNUM *k = BN_new(), *c = BN_new(), *r = BN_new(), *n = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    uint8_t bytes[LK_EC_BYTES_MAX], order[LK_EC_BYTES_MAX];
    lk_ec_near_order(curve, 0, false, order);
    BN_bin2bn(order, (int)curve->bytes, n);
    for (unsigned i = 0; i < LANES; i++) {
        struct lk_ec_proof *proof = &scene.proof[i];
        lk_ec_proof_draw(proof, curve);
        lk_draw_bytes(bytes, curve->bytes);
        bytes[0] &= 0x7f;
        BN_bin2bn(bytes, (int)curve->bytes, k);
        BN_bin2bn(proof->c, (int)proof->c_bytes, c);
        lk_ec_proof_point(curve, proof->bg, bytes, false);
        LK_ASSERT(BN_mod_mul(r, c, k, n, ctx));
        if (i % 2 != 0) BN_sub(r, n, r);
        number(proof->r, r);
        if (i % 8 == 6) memset(proof->c, 0, sizeof proof->c);
        if (i % 8 == 7) memset(proof->r, 0, sizeof proof->r);
        lk_ec_proof_close(proof);
    }
    for (unsigned which = 0; which < way_count; which++) {
        struct lk_poo_verdicts v = judge(&ways[which], &scene, ALL);
        assert_int_equal(v.undecided, ALL);
    }
    compared(&scene, LANES);
    BN_CTX_free(ctx);
    BN_free(k), BN_free(c), BN_free(r), BN_free(n);
}

static void last_addition_of_equal_points_is_undecided(void **state)
{
    (void)state;
    for_each_curve(equal_points);
}

/* --- lanes ---------------------------------------------------------------------------------- */

/* What a lane holds is judged the same wherever it stands and whoever stands beside it. */
static void neighbours(void)
{
    for (unsigned round = 0; round < rounds(6, 400); round++) {
        scene_draw(&scene);
        some_spoilt(&scene, 3);
        for (unsigned i = 0; i < LANES; i++) {
            unsigned kind = (unsigned)lk_draw_below(8);
            uint64_t bit = UINT64_C(1) << i;
            if (kind > 1) continue;
            if (kind == 0) lk_ec_proof_hostile_point(curve, scene.proof[i].bg);
            if (kind == 0) scene.none |= bit;
            if (kind == 1) memset(scene.proof[i].r, 0, sizeof scene.proof[i].r); /* undecided */
            scene.right &= ~bit;
        }
        const struct lk_poo_way *quick = &ways[way_count - 1];
        struct lk_poo_verdicts whole = judge(quick, &scene, ALL);
        assert_int_equal(whole.good, scene.right);
        assert_int_equal(whole.point_bad, scene.none);
        for (unsigned some = 0; some < 12; some++) {
            uint64_t live = lk_draw() & (some % 3 == 0 ? lk_draw() & lk_draw() : ALL);
            if (live == 0) continue;
            struct lk_poo_verdicts v = judge(quick, &scene, live);
            assert_int_equal(v.good, whole.good & live);
            assert_int_equal(v.point_bad, whole.point_bad & live);
            assert_int_equal(v.undecided, whole.undecided & live);
        }
    }
}

static void neighbours_never_matter(void **state)
{
    (void)state;
    for_each_curve(neighbours);
}

static void every_lane(void)
{
    scene_draw(&scene);
    struct lk_ec_proof wrong = scene.proof[0];
    lk_ec_proof_spoil(&wrong, LK_EC_WRONG_R);
    for (unsigned i = 0; i < LANES; i++) {
        struct scene one = scene;
        one.proof[i] = wrong;
        one.right = ~(UINT64_C(1) << i);
        judged_by_all(&one, i < 8 ? 0xff : 0);
        judged_by_all(&scene, 0);
        judged(&ways[way_count - 1], &scene, UINT64_C(1) << i);
    }
}

static void every_lane_tells_its_own(void **state)
{
    (void)state;
    for_each_curve(every_lane);
}

/* --- the row -------------------------------------------------------------------------------- */

/* Forms that no kernel takes: the library says what they are, beside those that one does. */
static void other_forms(void)
{
    struct lk_operand operand[LANES];
    scene_draw(&scene);
    uint64_t none = 0, other = 0, right = ALL;
    for (unsigned i = 0; i < LANES; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (i % 6 == 1) scene.proof[i].bg[0] = 2, none |= bit;
        if (i % 6 == 2) scene.proof[i].vg[0] = 6, none |= bit;
        operand[i] = lk_ec_proof_operand(&scene.proof[i]);
        if (i % 6 == 3) operand[i].in_bytes--, none |= bit;
        if (i % 6 == 4) operand[i].poo_challenge_bytes = 20, right &= ~bit, other |= bit;
    }
    right &= ~none;
    other |= none;
    assert_int_equal(ways[way_count - 1].row->run(work, operand, ALL), right);
    for (unsigned i = 0; i < LANES; i++) {
        assert_int_equal(operand[i].point_bad, none >> i & 1);
        assert_int_equal(operand[i].by_kernel, (other >> i & 1) == 0);
        assert_false(operand[i].recomputed);
    }
}

static void row_leaves_other_forms_to_the_library(void **state)
{
    (void)state;
    for_each_curve(other_forms);
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    work = lk_engine_work_new(0, false);
    return work == NULL;
}

static int teardown(void **state)
{
    (void)state;
    lk_engine_work_free(work);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_proof_is_judged_as_it_is),
        cmocka_unit_test(no_wrong_proof_is_good),
        cmocka_unit_test(points_that_are_none_are_told),
        cmocka_unit_test(edges_are_judged_as_the_library_does),
        cmocka_unit_test(last_addition_of_equal_points_is_undecided),
        cmocka_unit_test(neighbours_never_matter),
        cmocka_unit_test(every_lane_tells_its_own),
        cmocka_unit_test(row_leaves_other_forms_to_the_library),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
