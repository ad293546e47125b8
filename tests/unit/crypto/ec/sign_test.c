/* ECDSA signatures of the kernels: known answers with the nonces of RFC 6979 and NIST, signatures
 * by the thousand verified by libcrypto, and that a lane hangs on nothing but itself.
 * LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"
#include "tests/support/vectors.h"

#define BYTES_MAX LK_EC_BYTES_MAX
#define KEYS 7

struct scene {
    const struct lk_ec_curve *curve;
    struct lk_ec_trial trial;
    struct lk_ec_subject key[KEYS];
    const struct lk_ec_subject *subject[LK_EC_REQUESTS_MAX];
};

static struct scene *scene_open(const struct lk_ec_kernel *kernel)
{
    uint8_t d[BYTES_MAX] = {0};
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->curve = lk_ec_curve_of(kernel);
    lk_ec_trial_open(&s->trial, kernel);
    d[kernel->bytes - 1] = 1;
    lk_ec_subject_init(&s->key[0], s->curve, d);
    lk_ec_near_order(s->curve, -1, false, d);
    lk_ec_subject_init(&s->key[1], s->curve, d);
    for (unsigned i = 2; i < KEYS; i++)
        lk_ec_subject_init(&s->key[i], s->curve, NULL);
    return s;
}

static void scene_close(struct scene *s)
{
    for (unsigned i = 0; i < KEYS; i++)
        lk_ec_subject_fini(&s->key[i]);
    lk_ec_trial_close(&s->trial);
    free(s);
}

static void for_each_kernel(void (*test)(struct scene *s))
{
    const struct lk_ec_kernel *kernels[LK_EC_KERNELS_MAX];
    unsigned count = lk_ec_kernels(kernels);
    for (unsigned i = 0; i < count; i++) {
        struct scene *s = scene_open(kernels[i]);
        test(s);
        scene_close(s);
    }
}

static uint64_t all_of(const struct scene *s)
{
    return ~UINT64_C(0) >> (64 - s->trial.kernel->requests);
}

static void fill(struct scene *s, uint64_t live)
{
    static const size_t sizes[] = {32, 32, 48, 64, 20, 31, 1};
    lk_ec_trial_clear(&s->trial);
    for (; live != 0; live &= live - 1) {
        unsigned i = (unsigned)__builtin_ctzll(live);
        s->subject[i] = &s->key[lk_draw_below(KEYS)];
        lk_ec_trial_set(&s->trial, i, s->subject[i], sizes[lk_draw_below(7)]);
    }
}

static void lane_verifies(const struct scene *s, unsigned lane)
{
    const struct lk_ec_trial *t = &s->trial;
    assert_true(lk_ec_subject_verifies(s->subject[lane], t->digest[lane], t->job[lane].digest_bytes,
                                       t->signature[lane]));
}

/* --- known answers -------------------------------------------------------------------------- */

/* Hex of any length, as the last bytes of to[len]. */
static void number(const json_t *row, const char *field, uint8_t *to, int len)
{
    BIGNUM *x = NULL;
    LK_ASSERT(BN_hex2bn(&x, lk_vectors_text(row, field)) > 0);
    LK_ASSERT(BN_bn2binpad(x, to, len) == len);
    BN_free(x);
}

/* A vector in every lane. */
struct names {
    const char *file, *d, *digest, *k, *r, *s;
};

static void answer(struct scene *s, struct lk_vectors *v, const json_t *row,
                   const struct names *names)
{
    uint8_t d[BYTES_MAX], want[2 * BYTES_MAX];
    struct lk_ec_subject subject;
    struct lk_ec_trial *t = &s->trial;
    int bytes = (int)s->curve->bytes;
    struct lk_bytes digest = lk_vectors_hex(v, row, names->digest);
    number(json_object_get(row, names->d) != NULL ? row : v->root, names->d, d, bytes);
    number(row, names->r, want, bytes);
    number(row, names->s, want + bytes, bytes);
    lk_ec_subject_init(&subject, s->curve, d);
    for (unsigned lane = 0; lane < t->kernel->requests; lane++) {
        lk_ec_trial_set(t, lane, &subject, digest.len);
        memcpy(t->digest[lane], digest.data, digest.len);
        number(row, names->k, t->nonce[lane], LK_EC_NONCE_BYTES);
    }
    assert_int_equal(lk_ec_trial_run(t, all_of(s)), all_of(s));
    for (unsigned lane = 0; lane < t->kernel->requests; lane++)
        assert_memory_equal(t->signature[lane], want, 2 * (size_t)bytes);
    lk_ec_subject_fini(&subject);
}

static void answers(struct scene *s, const struct names *names)
{
    struct lk_vectors v;
    size_t i;
    json_t *row;
    char file[64];
    snprintf(file, sizeof file, names->file, s->curve->name);
    if (!lk_vectors_open(&v, file)) fail_msg("no tests/vectors/%s", file);
    json_array_foreach(lk_vectors_rows(&v, "tests"), i, row) answer(s, &v, row, names);
    lk_vectors_close(&v);
}

static void rfc6979(struct scene *s)
{
    static const struct names names = {"rfc/rfc6979_%s.json", "x", "digest", "k", "r", "s"};
    answers(s, &names);
}

static void nist(struct scene *s)
{
    static const struct names names = {
        "nist/cavp_ecdsa_sign_%s.json", "Private", "Digest", "K", "R", "S"};
    answers(s, &names);
}

static void nonces_of_rfc6979_give_its_signatures(void **state)
{
    (void)state;
    for_each_kernel(rfc6979);
}

static void nonces_of_nist_give_its_signatures(void **state)
{
    (void)state;
    for_each_kernel(nist);
}

/* --- by the thousand ------------------------------------------------------------------------ */

/* The library takes a millisecond to verify a signature of P-384. */
static bool quick(const struct scene *s)
{
    return s->curve->row == LK_ROW_P256;
}

/* Fifty thousand by IFMA for P-256, five thousand for P-384. */
static void verify_many(struct scene *s)
{
    bool ifma = s->trial.kernel == s->curve->ifma;
    unsigned rounds = ifma ? (quick(s) ? 782 : 79) : (quick(s) ? 20 : 4);
    for (unsigned i = 0; i < lk_draw_rounds(rounds, 20 * rounds); i++) {
        uint64_t live = all_of(s);
        fill(s, live);
        assert_int_equal(lk_ec_trial_run(&s->trial, live), live);
        for (unsigned lane = 0; lane < s->trial.kernel->requests; lane++)
            lane_verifies(s, lane);
    }
}

static void signatures_are_verified_by_the_library(void **state)
{
    (void)state;
    for_each_kernel(verify_many);
}

/* --- lanes ---------------------------------------------------------------------------------- */

/* Any lanes live, any dead: what leaves a lane is what it gives alone. */
static void alone_and_together(struct scene *s)
{
    struct lk_ec_trial *t = &s->trial;
    uint8_t together[LK_EC_REQUESTS_MAX][2 * BYTES_MAX];
    uint64_t live = lk_draw() & all_of(s);
    if (lk_draw_below(2) == 0) live &= lk_draw();
    if (live == 0) live = 1;
    fill(s, live);
    assert_int_equal(lk_ec_trial_run(t, live), live);
    for (unsigned i = 0; i < LK_EC_REQUESTS_MAX; i++)
        memcpy(together[i], t->signature[i], sizeof together[i]);
    for (uint64_t left = live; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        assert_int_equal(lk_ec_trial_run(t, UINT64_C(1) << i), UINT64_C(1) << i);
        assert_memory_equal(t->signature[i], together[i], sizeof together[i]);
        lane_verifies(s, i);
    }
}

static void lanes(struct scene *s)
{
    unsigned rounds = quick(s) ? 16 : 6;
    for (unsigned i = 0; i < lk_draw_rounds(rounds, 60 * rounds); i++)
        alone_and_together(s);
}

static void lane_hangs_on_nothing_but_itself(void **state)
{
    (void)state;
    for_each_kernel(lanes);
}

static void every_fill(struct scene *s)
{
    for (unsigned count = 1; count <= s->trial.kernel->requests; count += quick(s) ? 1 : 7) {
        uint64_t live = ~UINT64_C(0) >> (64 - count);
        fill(s, live);
        assert_int_equal(lk_ec_trial_run(&s->trial, live), live);
        for (unsigned i = 0; i < count; i++)
            lane_verifies(s, i);
    }
    assert_int_equal(lk_ec_trial_run(&s->trial, 0), 0);
}

static void batch_of_any_fill_is_signed(void **state)
{
    (void)state;
    for_each_kernel(every_fill);
}

/* --- nonces that give nothing --------------------------------------------------------------- */

/* 0, n, 0 in 512 bits, and the two whose point cannot be had. */
static void void_nonce(const struct lk_ec_curve *curve, unsigned which,
                       uint8_t nonce[LK_EC_NONCE_BYTES])
{
    int bytes = (int)curve->bytes;
    uint8_t *low = nonce + LK_EC_NONCE_BYTES - bytes;
    memset(nonce, 0, LK_EC_NONCE_BYTES);
    if (which == 1) lk_ec_near_order(curve, 0, false, low);
    if (which == 2) lk_ec_near_order(curve, 0, false, nonce); /* n 2^256, n 2^128 */
    if (which >= 3) lk_ec_exception(curve, low);
    if (which == 4) {
        BIGNUM *k = BN_bin2bn(low, bytes, NULL), *n = NULL;
        lk_ec_near_order(curve, 0, false, low);
        n = BN_bin2bn(low, bytes, NULL);
        LK_ASSERT(BN_sub(n, n, k) && BN_bn2binpad(n, low, bytes) == bytes);
        BN_free(k);
        BN_free(n);
    }
}

static void voids(struct scene *s)
{
    uint64_t all = all_of(s);
    unsigned rounds = quick(s) ? 20 : 5;
    for (unsigned round = 0; round < lk_draw_rounds(rounds, 50 * rounds); round++) {
        uint64_t dead = 0;
        fill(s, all);
        for (unsigned times = 0; times < 1 + round % 8; times++) {
            size_t lane = lk_draw_below(s->trial.kernel->requests);
            void_nonce(s->curve, round % 5, s->trial.nonce[lane]);
            dead |= UINT64_C(1) << lane;
        }
        assert_int_equal(lk_ec_trial_run(&s->trial, all), all & ~dead);
        for (unsigned i = 0; i < s->trial.kernel->requests; i++)
            if ((dead >> i & 1) == 0) lane_verifies(s, i);
    }
}

static void nonce_without_a_signature_harms_no_neighbour(void **state)
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
        cmocka_unit_test(nonces_of_rfc6979_give_its_signatures),
        cmocka_unit_test(nonces_of_nist_give_its_signatures),
        cmocka_unit_test(signatures_are_verified_by_the_library),
        cmocka_unit_test(lane_hangs_on_nothing_but_itself),
        cmocka_unit_test(batch_of_any_fill_is_signed),
        cmocka_unit_test(nonce_without_a_signature_harms_no_neighbour),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
