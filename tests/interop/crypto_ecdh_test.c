/* Key agreement of the kernels against published answers: RFC 7748, NIST's CAVP, Wycheproof. Each
 * vector goes through every kernel, in a lane of its own in turn, among lanes that are drawn.
 * LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ecdh_subject.h"
#include "tests/support/ec_subject.h"
#include "tests/support/vectors.h"

#define BYTES 32 /* of Curve25519 */

/* A kernel, and which lane is next. */
struct scene {
    struct lk_ecdh_trial trial;
    unsigned lane;
    unsigned served, refused;
};

static struct scene *scene_open(const struct lk_ecdh_kernel *kernel)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    lk_ecdh_trial_open(&s->trial, kernel);
    return s;
}

static void scene_close(struct scene *s)
{
    lk_ecdh_trial_close(&s->trial);
    free(s);
}

/* Of this group alone: a kernel's name. */
static void for_each_kernel(const char *group, void (*test)(struct scene *s))
{
    const struct lk_ecdh_kernel *kernels[LK_ECDH_KERNELS_MAX];
    unsigned count = lk_ecdh_kernels(kernels);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(kernels[i]->name, group) != 0) continue;
        struct scene *s = scene_open(kernels[i]);
        test(s);
        scene_close(s);
    }
}

static void secret_set(struct lk_ecdh_trial *t, unsigned lane, struct lk_bytes secret)
{
    size_t bytes = t->kernel->secret_bytes;
    memset(t->secret[lane], 0, sizeof t->secret[lane]);
    while (secret.len > bytes && secret.data[0] == 0)
        secret = lk_bytes_of(secret.data + 1, secret.len - 1);
    LK_ASSERT(secret.len <= bytes);
    memcpy(t->secret[lane] + bytes - secret.len, secret.data, secret.len);
}

/* shared: NULL, it is to be refused. */
static void answer(struct scene *s, struct lk_bytes secret, struct lk_bytes peer,
                   const uint8_t *shared)
{
    struct lk_ecdh_trial *t = &s->trial;
    unsigned lane = s->lane++ % t->kernel->lanes;
    uint64_t live = ~UINT64_C(0) >> (64 - t->kernel->lanes), bit = UINT64_C(1) << lane;
    LK_ASSERT(peer.len == t->kernel->point_bytes);
    lk_ecdh_trial_fill(t, live);
    secret_set(t, lane, secret);
    memcpy(t->peer[lane], peer.data, peer.len);
    uint64_t returned = lk_ecdh_trial_run(t, live);
    assert_int_equal(returned, shared != NULL ? live : live & ~bit);
    assert_int_equal(t->refused, shared != NULL ? 0 : bit);
    if (shared != NULL) assert_memory_equal(t->shared[lane], shared, t->kernel->shared_bytes);
    s->served += shared != NULL;
    s->refused += shared == NULL;
}

/* --- RFC 7748 ------------------------------------------------------------------------------- */

static void rfc7748(struct scene *s)
{
    struct lk_vectors v;
    LK_ASSERT(lk_vectors_open(&v, "rfc/rfc7748_x25519.json"));
    const json_t *row = json_array_get(lk_vectors_rows(&v, "tests"), 0);
    struct lk_bytes out = lk_vectors_hex(&v, row, "out");
    for (unsigned lane = 0; lane < s->trial.kernel->lanes; lane++)
        answer(s, lk_vectors_hex(&v, row, "k"), lk_vectors_hex(&v, row, "u"), out.data);
    lk_vectors_close(&v);
}

static void rfc7748_has_its_answer_in_every_lane(void **state)
{
    (void)state;
    for_each_kernel("x25519", rfc7748);
}

/* k, u := k u, k, over and over; in all lanes of a vector at once. */
static void turn(struct lk_ecdh_trial *t, uint64_t live)
{
    assert_int_equal(t->kernel->derive(t->work, t->job, live, &t->refused), live);
    for (unsigned lane = 0; lane < t->kernel->lanes; lane++) {
        memcpy(t->peer[lane], t->secret[lane], BYTES);
        memcpy(t->secret[lane], t->shared[lane], BYTES);
    }
}

static void iterated_is(const struct lk_ecdh_trial *t, const uint8_t *want)
{
    for (unsigned lane = 0; lane < t->kernel->lanes; lane++)
        assert_memory_equal(t->secret[lane], want, BYTES);
}

/* After a million where there is time: RFC 7748 5.2. */
static const uint8_t after_a_million[BYTES] = {
    0x7c, 0x39, 0x11, 0xe0, 0xab, 0x25, 0x86, 0xfd, 0x86, 0x44, 0x97, 0x29, 0x7e, 0x57, 0x5e, 0x6f,
    0x3b, 0xc6, 0x01, 0xc0, 0x88, 0x3c, 0x30, 0xdf, 0x5f, 0x4d, 0xd2, 0xd2, 0x4f, 0x66, 0x54, 0x24};

static void iterate(struct scene *s)
{
    struct lk_ecdh_trial *t = &s->trial;
    uint64_t live = ~UINT64_C(0) >> (64 - t->kernel->lanes);
    unsigned more = lk_draw_rounds(1000, lk_ecdh_kernel_is_model(t->kernel) ? 1000 : 1000000);
    struct lk_vectors v;
    LK_ASSERT(lk_vectors_open(&v, "rfc/rfc7748_x25519.json"));
    const json_t *row = json_object_get(v.root, "iterated");
    lk_ecdh_trial_fill(t, live);
    for (unsigned lane = 0; lane < t->kernel->lanes; lane++) {
        memcpy(t->secret[lane], lk_vectors_hex(&v, row, "start").data, BYTES);
        memcpy(t->peer[lane], t->secret[lane], BYTES);
    }
    for (unsigned i = 1; i <= more; i++) {
        turn(t, live);
        if (i == 1) iterated_is(t, lk_vectors_hex(&v, row, "after_1").data);
        if (i == 1000) iterated_is(t, lk_vectors_hex(&v, row, "after_1000").data);
        if (i == 1000000) iterated_is(t, after_a_million);
    }
    lk_vectors_close(&v);
}

static void rfc7748_iterated_ends_where_it_says(void **state)
{
    (void)state;
    for_each_kernel("x25519", iterate);
}

/* --- NIST ----------------------------------------------------------------------------------- */

/* A row without Z has a peer whose point is none. */
static void cavp_row(struct scene *s, struct lk_vectors *v, const json_t *row)
{
    size_t bytes = s->trial.kernel->shared_bytes;
    uint8_t peer[LK_ECDH_POINT_BYTES_MAX] = {4};
    bool served = *lk_vectors_text(row, "Z") != 0;
    memcpy(peer + 1, lk_vectors_hex(v, row, "PeerX").data, bytes);
    memcpy(peer + 1 + bytes, lk_vectors_hex(v, row, "PeerY").data, bytes);
    const uint8_t *own = s->trial.own[s->lane % s->trial.kernel->lanes];
    answer(s, lk_vectors_hex(v, row, "Private"), lk_bytes_of(peer, 1 + 2 * bytes),
           served ? lk_vectors_hex(v, row, "Z").data : NULL);
    if (!served) return;
    assert_memory_equal(own + 1, lk_vectors_hex(v, row, "X").data, bytes);
    assert_memory_equal(own + 1 + bytes, lk_vectors_hex(v, row, "Y").data, bytes);
}

static void cavp(struct scene *s, const char *name)
{
    struct lk_vectors v;
    size_t i;
    json_t *row;
    LK_ASSERT(lk_vectors_open(&v, name));
    json_array_foreach(lk_vectors_rows(&v, "tests"), i, row) cavp_row(s, &v, row);
    lk_vectors_close(&v);
}

static bool there(const char *name)
{
    struct lk_vectors v;
    bool good = lk_vectors_open(&v, name);
    lk_vectors_close(&v);
    return good;
}

static void cavp_p256(struct scene *s)
{
    cavp(s, "nist/cavp_ecdh_p256.json");
    assert_int_equal(s->served, 25);
}

static void cavp_p384(struct scene *s)
{
    cavp(s, "nist/cavp_ecdh_p384.json");
    assert_int_equal(s->served, 36);
    assert_int_equal(s->refused, 8);
}

static void shares_and_secrets_are_nists(void **state)
{
    (void)state;
    for_each_kernel("p384", cavp_p384);
    if (!there("nist/cavp_ecdh_p256.json")) skip();
    for_each_kernel("p256", cavp_p256);
}

/* --- Wycheproof ----------------------------------------------------------------------------- */

/* n - 2, which kernels leave to the library (docs/kernels.md). */
static bool exception(const struct scene *s, struct lk_bytes secret)
{
    uint8_t number[LK_EC_BYTES_MAX];
    const struct lk_ec_curve *curve = lk_ecdh_curve(s->trial.kernel);
    if (curve == NULL || secret.len < curve->bytes) return false;
    lk_ec_near_order(curve, -2, false, number);
    return memcmp(secret.data + secret.len - curve->bytes, number, curve->bytes) == 0;
}

/* What leads to zeros is refused, which Wycheproof leaves open; so is a form that is not ours. What
 * has not the length of a share does not get as far as a kernel. */
static void wycheproof_row(struct scene *s, struct lk_vectors *v, const json_t *row)
{
    static const uint8_t zeros[BYTES];
    struct lk_bytes peer = {.data = NULL, .len = 0};
    bool served = strcmp(lk_vectors_text(row, "result"), "invalid") != 0;
    if (*lk_vectors_text(row, "public") != 0) peer = lk_vectors_hex(v, row, "public");
    if (peer.len != s->trial.kernel->point_bytes) return;
    if (exception(s, lk_vectors_hex(v, row, "private"))) return;
    const uint8_t *shared = served ? lk_vectors_hex(v, row, "shared").data : NULL;
    if (lk_ecdh_kernel_is_x25519(s->trial.kernel) && memcmp(shared, zeros, BYTES) == 0)
        shared = NULL; /* of P-256 it is a secret like any other */
    answer(s, lk_vectors_hex(v, row, "private"), peer, shared);
}

static void wycheproof(struct scene *s, const char *name)
{
    struct lk_vectors v;
    LK_ASSERT(lk_vectors_open(&v, name));
    const json_t *groups = lk_vectors_rows(&v, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *tests = json_object_get(json_array_get(groups, i), "tests");
        for (size_t j = 0; j < json_array_size(tests); j++)
            wycheproof_row(s, &v, json_array_get(tests, j));
    }
    lk_vectors_close(&v);
}

static void wycheproof_x25519(struct scene *s)
{
    wycheproof(s, "wycheproof/x25519_test.json");
    assert_int_equal(s->served, 487);
    assert_int_equal(s->refused, 31);
}

static void wycheproof_p256(struct scene *s)
{
    wycheproof(s, "wycheproof/ecdh_secp256r1_ecpoint_test.json");
    assert_int_equal(s->served, 329); /* of 330 */
    assert_true(s->refused >= 16);
}

static void secrets_are_wycheproofs(void **state)
{
    (void)state;
    if (!there("wycheproof/x25519_test.json")) skip();
    for_each_kernel("x25519", wycheproof_x25519);
    for_each_kernel("p256", wycheproof_p256);
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
        cmocka_unit_test(rfc7748_has_its_answer_in_every_lane),
        cmocka_unit_test(rfc7748_iterated_ends_where_it_says),
        cmocka_unit_test(shares_and_secrets_are_nists),
        cmocka_unit_test(secrets_are_wycheproofs),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
