/* A bit of a kernel's computation is wrong: what it then returns is what it should be all the same,
 * or the lane gives nothing, and the others what they always give. Each stage, each lane, at any
 * time, in any digit. The row then has the library make it again. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "core/base/err.h"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/x25519_const.h"
#include "crypto/engine_share_batch.h"
#include "tests/support/draw.h"
#include "tests/support/ecdh_subject.h"
#include "tests/support/flip.h"

_Static_assert((int)LK_X25519_STAGE_COUNT <= LK_FLIP_STAGES_MAX, "room for all");

/* A batch, what is right, and how often it passes each stage. */
struct scene {
    struct lk_ecdh_trial trial;
    unsigned count; /* requests: three vectors */
    uint64_t all;
    uint8_t own[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX];
    uint8_t shared[LK_ECDH_REQUESTS_MAX][LK_ECDH_SHARED_BYTES_MAX];
    unsigned passings[LK_FLIP_STAGES_MAX];
};

static void scene_fill(struct scene *s)
{
    s->count = 3 * s->trial.kernel->lanes;
    s->all = ~UINT64_C(0) >> (64 - s->count);
    lk_ecdh_trial_fill(&s->trial, s->all);
    lk_flip_set(NULL);
    assert_int_equal(lk_ecdh_trial_run(&s->trial, s->all), s->all);
    lk_flip_end(s->passings);
    for (unsigned i = 0; i < s->count; i++) {
        lk_ecdh_trial_judge(&s->trial, s->all, i);
        memcpy(s->own[i], s->trial.own[i], sizeof s->own[i]);
        memcpy(s->shared[i], s->trial.shared[i], sizeof s->shared[i]);
    }
}

static bool is_right(const struct scene *s, unsigned i)
{
    return memcmp(s->trial.own[i], s->own[i], s->trial.kernel->point_bytes) == 0 &&
           memcmp(s->trial.shared[i], s->shared[i], s->trial.kernel->shared_bytes) == 0;
}

/* Peers' points are the first that is checked of a NIST curve: no other fault makes a good one refused. */
static bool may_refuse(const struct scene *s, const struct lk_flip *flip)
{
    return !lk_ecdh_kernel_is_x25519(s->trial.kernel) && flip->stage == LK_EC_STAGE_CHECK &&
           flip->passing < s->count / s->trial.kernel->lanes;
}

/* An inversion is shared by the same lane of all vectors. Returns how many lanes gave nothing. */
static unsigned flip_once(struct scene *s, const struct lk_flip *flip)
{
    unsigned dead = 0;
    lk_flip_set(flip);
    uint64_t returned = lk_ecdh_trial_run(&s->trial, s->all);
    lk_flip_end(NULL);
    if (s->trial.refused != 0 && !may_refuse(s, flip))
        fail_msg("%s: stage %u, passing %u: a good share is refused", s->trial.kernel->name,
                 flip->stage, flip->passing);
    for (unsigned i = 0; i < s->count; i++) {
        bool there = (returned >> i & 1) != 0;
        dead += !there;
        if (!there && i % s->trial.kernel->lanes != flip->lane)
            fail_msg("stage %u: lane %u took request %u along", flip->stage, flip->lane, i);
        if (there && !is_right(s, i))
            fail_msg("%s: stage %u, passing %u, digit %u, lane %u, bit %u: request %u is wrong",
                     s->trial.kernel->name, flip->stage, flip->passing, flip->digit, flip->lane,
                     flip->bit, i);
    }
    return dead;
}

static unsigned stage_and_lane(struct scene *s, unsigned stage, unsigned lane, unsigned rounds)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < rounds; i++) {
        bool above = lk_draw_below(8) == 0;
        struct lk_flip flip = {
            .stage = stage,
            .passing = (unsigned)lk_draw_below(s->passings[stage]),
            .digit = (unsigned)lk_draw_below(20),
            .lane = lane,
            .bit = (unsigned)(above ? 52 + lk_draw_below(12) : lk_draw_below(52)),
        };
        seen += flip_once(s, &flip) > 0;
    }
    return seen;
}

static void kernel_faults(const struct lk_ecdh_kernel *kernel, unsigned rounds)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    lk_ecdh_trial_open(&s->trial, kernel);
    printf("%s %s: of %u flips a stage were seen:", kernel->name, kernel->isa,
           kernel->lanes * rounds);
    for (unsigned stage = 0; stage < LK_FLIP_STAGES_MAX; stage++) {
        unsigned seen = 0;
        scene_fill(s);
        if (s->passings[stage] == 0) continue;
        for (unsigned lane = 0; lane < kernel->lanes; lane++)
            seen += stage_and_lane(s, stage, lane, rounds);
        printf(" %u", seen);
        assert_true(seen >= kernel->lanes * rounds / 3); /* bits above a digit may count for none */
    }
    printf("\n");
    lk_ecdh_trial_close(&s->trial);
    free(s);
}

static void fault_in_a_lane_gives_nothing_wrong(void **state)
{
    (void)state;
    const struct lk_ecdh_kernel *kernels[LK_ECDH_KERNELS_MAX];
    unsigned count = lk_ecdh_kernels(kernels);
    for (unsigned i = 0; i < count; i++) {
        unsigned check = lk_ecdh_kernel_is_model(kernels[i]) ? 30 : 60;
        unsigned now = lk_ecdh_less(kernels[i]) > 1 ? check / 3 : check;
        kernel_faults(kernels[i], lk_draw_rounds(now, 20 * check));
    }
}

/* --- the row -------------------------------------------------------------------------------- */

/* What the peer has with our share is what we have with its. */
static bool secret_same(EVP_PKEY *key, const uint8_t *out, size_t share_bytes)
{
    uint8_t secret[LK_ECDH_SHARED_BYTES_MAX];
    size_t len = sizeof secret;
    EVP_PKEY *ours = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool good = EVP_PKEY_copy_parameters(ours, key) == 1 &&
                EVP_PKEY_set1_encoded_public_key(ours, out, share_bytes) == 1 &&
                EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, ours) == 1 &&
                EVP_PKEY_derive(ctx, secret, &len) == 1 &&
                memcmp(secret, out + share_bytes, len) == 0;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(ours);
    return good;
}

static void row_mends(const struct lk_kernel *row, EVP_PKEY *peer, unsigned stage)
{
    uint8_t *share = NULL, out[8][160];
    struct lk_operand operand[8];
    size_t len = EVP_PKEY_get1_encoded_public_key(peer, &share);
    struct lk_engine_work *work = lk_engine_work_new(0, false);
    struct lk_flip flip = {.stage = stage, .lane = 1, .bit = 7};
    for (unsigned i = 0; i < 8; i++)
        operand[i] = (struct lk_operand){.in = share, .in_bytes = len, .out = out[i]};
    lk_flip_set(&flip);
    assert_int_equal(row->run(work, operand, 0xff), 0xff);
    lk_flip_end(NULL);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(operand[i].recomputed, i == 1);
        assert_true(operand[i].by_kernel);
        assert_false(operand[i].point_bad);
        assert_true(secret_same(peer, out[i], len));
    }
    lk_engine_work_free(work);
    OPENSSL_free(share);
}

static void fault_in_a_kernel_is_mended_and_told(void **state)
{
    (void)state;
    uint32_t features;
    EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    (void)lk_cpu_features(&features);
    row_mends(&lk_share_x25519_row_ref, x25519, LK_X25519_STAGE_STEP);
    row_mends(&lk_share_p256_row_ref, p256, LK_EC_STAGE_ADD);
    row_mends(&lk_share_p256_row_ref, p256, LK_EC_STAGE_CHECK); /* of the peer's point: refused */
    row_mends(&lk_share_p384_row_ref, p384, LK_EC_STAGE_ADD);
    if ((features >> LK_CPU_IFMA & 1) != 0) {
        row_mends(&lk_share_x25519_row_ifma, x25519, LK_X25519_STAGE_ENTRY);
        row_mends(&lk_share_p256_row_ifma, p256, LK_EC_STAGE_R);
        row_mends(&lk_share_p384_row_ifma, p384, LK_EC_STAGE_CHECK);
    }
    EVP_PKEY_free(x25519);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
}

/* --- refusals ------------------------------------------------------------------------------- */

/* The kernel refuses eight shares, all but that of lane 1 rightly. */
static void wrong_refusal(const struct lk_kernel *row)
{
    uint8_t *share = NULL, none[65], out[8][128];
    struct lk_operand operand[8];
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    size_t len = EVP_PKEY_get1_encoded_public_key(peer, &share);
    struct lk_engine_work *work = lk_engine_work_new(0, false);
    struct lk_flip flip = {.stage = LK_EC_STAGE_CHECK, .lane = 1, .bit = 7};
    memcpy(none, share, sizeof none);
    none[64] ^= 1;
    for (unsigned i = 0; i < 8; i++)
        operand[i] = (struct lk_operand){
            .in = i == 1 ? share : none, .in_bytes = len, .out = out[i]};
    lk_flip_set(&flip);
    assert_int_equal(row->run(work, operand, 0xff), 0x02);
    lk_flip_end(NULL);
    assert_true(secret_same(peer, out[1], len));
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(operand[i].recomputed, i == 1);
        assert_int_equal(operand[i].point_bad, i != 1);
        assert_int_equal(operand[i].extra_ns, lk_engine_rows[LK_ROW_SHARE_P256].cost_ns);
    }
    lk_engine_work_free(work);
    OPENSSL_free(share);
    EVP_PKEY_free(peer);
}

/* By then it is not known which of them are right. */
static void wrong_refusal_has_all_of_the_call_looked_at(void **state)
{
    (void)state;
    uint32_t features;
    (void)lk_cpu_features(&features);
    wrong_refusal(&lk_share_p256_row_ref);
    if ((features >> LK_CPU_IFMA & 1) != 0) wrong_refusal(&lk_share_p256_row_ifma);
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
        cmocka_unit_test(fault_in_a_lane_gives_nothing_wrong),
        cmocka_unit_test(fault_in_a_kernel_is_mended_and_told),
        cmocka_unit_test(wrong_refusal_has_all_of_the_call_looked_at),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
