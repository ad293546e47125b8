/* hmac_lanes: every lane holds what HMAC-SHA-256 makes of its message under its key, as libcrypto
 * has it, whatever the others hold. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/hmac_lanes.h"
#include "tests/support/draw.h"

#define SECRET_MAX 100 /* longer than a block is hashed first */

struct lane {
    uint8_t secret[SECRET_MAX], mac[LK_SHA256_BYTES + 1];
    size_t secret_bytes;
    struct lk_hmac_states key;
};

static void lane_draw(struct lane *lane, struct lk_hmac_job *job)
{
    lane->secret_bytes = 1 + (size_t)lk_draw_below(SECRET_MAX);
    lk_draw_bytes(lane->secret, lane->secret_bytes);
    lk_hmac_states_init(&lane->key, lane->secret, lane->secret_bytes);
    lk_draw_bytes(job->message, sizeof job->message);
    memset(lane->mac, 0xa5, sizeof lane->mac);
    job->key = &lane->key;
    job->mac = lane->mac;
}

static void lane_right(const struct lane *lane, const struct lk_hmac_job *job)
{
    uint8_t want[LK_SHA256_BYTES];
    unsigned len = sizeof want;
    assert_non_null(HMAC(EVP_sha256(), lane->secret, (int)lane->secret_bytes, job->message,
                         sizeof job->message, want, &len));
    assert_memory_equal(lane->mac, want, sizeof want);
    assert_int_equal(lane->mac[LK_SHA256_BYTES], 0xa5);
}

static void batch(const struct lk_hmac_kernel *kernel, unsigned count)
{
    struct lane lane[LK_HMAC_LANES_MAX];
    struct lk_hmac_job job[LK_HMAC_LANES_MAX] = {{0}};
    for (unsigned i = 0; i < count; i++)
        lane_draw(&lane[i], &job[i]);
    kernel->run(job, count);
    for (unsigned i = 0; i < count; i++)
        lane_right(&lane[i], &job[i]);
}

static void lanes_agree_with_the_library(void **state)
{
    (void)state;
    const struct lk_hmac_kernel *kernels[] = {&lk_hmac_x2_ref, &lk_hmac_x16_ifma};
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    for (unsigned k = 0; k < 2; k++) {
        if (kernels[k]->needs != LK_CPU_FEATURE_COUNT && (features >> kernels[k]->needs & 1) == 0)
            continue;
        for (unsigned round = 0; round < lk_draw_rounds(20, 2000); round++)
            for (unsigned count = 1; count <= kernels[k]->lanes; count++)
                batch(kernels[k], count);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(lanes_agree_with_the_library)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
