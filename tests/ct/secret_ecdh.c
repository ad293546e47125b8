#include "tests/ct/secret_ecdh.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ecdh_subject.h"

/* One call: what it is given, and what it gives. */
struct run {
    struct lk_ecdh_job job[LK_ECDH_REQUESTS_MAX];
    uint8_t secret[LK_ECDH_REQUESTS_MAX][LK_ECDH_SECRET_BYTES_MAX];
    uint8_t peer[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX];
    uint8_t own[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX];
    uint8_t shared[LK_ECDH_REQUESTS_MAX][LK_ECDH_SHARED_BYTES_MAX];
    uint64_t refused;
};

static void fill(struct run *run, const struct lk_ecdh_kernel *kernel, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lk_draw_bytes(run->secret[i], sizeof run->secret[i]);
        lk_ecdh_draw_peer(kernel, run->peer[i]);
        run->job[i] = (struct lk_ecdh_job){run->secret[i], run->peer[i], run->own[i],
                                           run->shared[i]};
    }
    memset(run->peer[0], 0, sizeof run->peer[0]);
}

static void judge(struct run *run, const struct lk_ecdh_kernel *kernel,
                  const struct lk_marker *marker, unsigned count, uint64_t good)
{
    uint8_t own[LK_ECDH_POINT_BYTES_MAX], shared[LK_ECDH_SHARED_BYTES_MAX];
    marker->public(&good, sizeof good);
    marker->public(&run->refused, sizeof run->refused);
    LK_ASSERT(good == (~UINT64_C(0) >> (64 - count) & ~UINT64_C(1)) && run->refused == 1);
    for (unsigned i = 0; i < count; i++) {
        bool secret = marker->is_secret(run->shared[i], kernel->shared_bytes) &&
                      marker->is_secret(run->own[i], kernel->point_bytes);
        marker->public(run->own[i], kernel->point_bytes);
        marker->public(run->shared[i], kernel->shared_bytes);
        if (i == 0) continue; /* zeros that all may know */
        LK_ASSERT(secret);
        LK_ASSERT(lk_ecdh_expect(kernel, run->secret[i], run->peer[i], own, shared));
        LK_ASSERT(memcmp(run->own[i], own, kernel->point_bytes) == 0);
        LK_ASSERT(memcmp(run->shared[i], shared, kernel->shared_bytes) == 0);
    }
}

void lk_secret_ecdh(const struct lk_ecdh_kernel *kernel, const struct lk_marker *marker,
                    unsigned count, unsigned rounds)
{
    static struct run run;
    void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(work != NULL && count <= kernel->requests);
    for (unsigned round = 0; round < rounds; round++) {
        fill(&run, kernel, count);
        marker->public(run.job, sizeof run.job);
        marker->public(run.peer, sizeof run.peer);
        marker->secret(run.secret, sizeof run.secret);
        marker->secret(work, kernel->work_bytes);
        if (marker->watch != NULL) marker->watch(true);
        uint64_t good = kernel->agree(work, run.job, ~UINT64_C(0) >> (64 - count), &run.refused);
        if (marker->watch != NULL) marker->watch(false);
        marker->public(run.secret, sizeof run.secret);
        judge(&run, kernel, marker, count, good);
    }
    free(work);
}
