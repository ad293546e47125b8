/* sha256_lanes: every lane holds what libcrypto makes of its message, digest and HMAC, whatever the
 * others hold. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/sha256_lanes.h"
#include "tests/support/draw.h"

#define SECRET_MAX 100 /* longer than a block is hashed first */
#define BEHIND 0xa5

static void for_each_kernel(void (*test)(const struct lk_sha256_kernel *kernel, unsigned count))
{
    const struct lk_sha256_kernel *kernels[] = {&lk_sha256_x2_ref, &lk_sha256_x16_ifma};
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    for (unsigned k = 0; k < 2; k++) {
        if (kernels[k]->needs != LK_CPU_FEATURE_COUNT && (features >> kernels[k]->needs & 1) == 0)
            continue;
        for (unsigned round = 0; round < lk_draw_rounds(20, 2000); round++)
            for (unsigned count = 1; count <= kernels[k]->lanes; count++)
                test(kernels[k], count);
    }
}

/* --- digests ---------------------------------------------------------------------------------- */

typedef void many(struct lk_sha256_job *job, unsigned count);

/* Lengths on both sides of each end of a block come up often enough. */
static size_t draw_len(void)
{
    size_t edge = 56 + 64 * (size_t)lk_draw_below(3), near = (size_t)lk_draw_below(5);
    size_t any = (size_t)lk_draw_below(LK_SHA256_LANES_BYTES + 1);
    return lk_draw_below(2) == 0 ? any : edge + near - 2;
}

static void digests(many *hash, unsigned count)
{
    struct lk_sha256_job job[LK_SHA256_LANES_MAX];
    uint8_t digest[LK_SHA256_LANES_MAX][LK_SHA256_BYTES + 1],
        want[LK_SHA256_LANES_MAX][LK_SHA256_BYTES];
    memset(digest, BEHIND, sizeof digest);
    for (unsigned i = 0; i < count; i++) {
        job[i].len = draw_len();
        job[i].digest = digest[i];
        lk_draw_bytes(job[i].message, sizeof job[i].message);
        assert_int_equal(EVP_Digest(job[i].message, job[i].len, want[i], NULL, EVP_sha256(), NULL),
                         1);
    }
    hash(job, count);
    for (unsigned i = 0; i < count; i++) {
        assert_memory_equal(digest[i], want[i], sizeof want[i]);
        assert_int_equal(digest[i][LK_SHA256_BYTES], BEHIND);
    }
}

static void digests_of_kernel(const struct lk_sha256_kernel *kernel, unsigned count)
{
    digests(kernel->hash, count);
}

static void digests_are_the_librarys(void **state)
{
    (void)state;
    for_each_kernel(digests_of_kernel);
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    for (unsigned count = 1; count <= LK_SHA256_LANES_MAX; count++) {
        digests(lk_sha256_lanes_library, count);
        if ((features >> LK_CPU_IFMA & 1) != 0) digests(lk_sha256_lanes_ifma, count);
    }
}

/* Each length there is, beside the longest. */
static void every_length_ends_where_it_should(void **state)
{
    (void)state;
    struct lk_sha256_job job[2];
    uint8_t digest[2][LK_SHA256_BYTES], want[LK_SHA256_BYTES];
    for (size_t len = 0; len <= LK_SHA256_LANES_BYTES; len++) {
        for (unsigned i = 0; i < 2; i++) {
            lk_draw_bytes(job[i].message, sizeof job[i].message);
            job[i].len = i == 0 ? len : LK_SHA256_LANES_BYTES;
            job[i].digest = digest[i];
        }
        assert_int_equal(EVP_Digest(job[0].message, len, want, NULL, EVP_sha256(), NULL), 1);
        lk_sha256_x2_ref.hash(job, 2);
        assert_memory_equal(digest[0], want, sizeof want);
    }
}

/* --- HMAC ------------------------------------------------------------------------------------- */

struct lane {
    uint8_t secret[SECRET_MAX], mac[LK_HMAC_LANES_MAC_BYTES + 1];
    size_t secret_bytes;
    struct lk_hmac_states key;
    uint8_t message[LK_HMAC_LANES_BYTES + 1]; /* the job's, and the byte that it gets */
};

static void lane_draw(struct lane *lane, struct lk_hmac_job *job)
{
    lane->secret_bytes = 1 + (size_t)lk_draw_below(SECRET_MAX);
    lk_draw_bytes(lane->secret, lane->secret_bytes);
    lk_hmac_states_init(&lane->key, lane->secret, lane->secret_bytes);
    lk_draw_bytes(job->message, sizeof job->message);
    memcpy(lane->message, job->message, LK_HMAC_LANES_BYTES);
    memset(lane->mac, BEHIND, sizeof lane->mac);
    job->key = &lane->key;
    job->mac = lane->mac;
}

static void lane_right(struct lane *lane)
{
    for (uint8_t half = 0; half < 2; half++) {
        uint8_t want[LK_SHA256_BYTES];
        unsigned len = sizeof want;
        lane->message[LK_HMAC_LANES_BYTES] = half;
        assert_non_null(HMAC(EVP_sha256(), lane->secret, (int)lane->secret_bytes, lane->message,
                             sizeof lane->message, want, &len));
        assert_memory_equal(lane->mac + half * sizeof want, want, sizeof want);
    }
    assert_int_equal(lane->mac[LK_HMAC_LANES_MAC_BYTES], BEHIND);
}

static void macs(const struct lk_sha256_kernel *kernel, unsigned count)
{
    struct lane lane[LK_SHA256_LANES_MAX];
    struct lk_hmac_job job[LK_SHA256_LANES_MAX];
    for (unsigned i = 0; i < count; i++)
        lane_draw(&lane[i], &job[i]);
    kernel->hmac(job, count);
    for (unsigned i = 0; i < count; i++)
        lane_right(&lane[i]);
}

static void macs_are_the_librarys(void **state)
{
    (void)state;
    for_each_kernel(macs);
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
        cmocka_unit_test(digests_are_the_librarys),
        cmocka_unit_test(every_length_ends_where_it_should),
        cmocka_unit_test(macs_are_the_librarys),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
