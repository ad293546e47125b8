#include "tests/ct/secret_ec.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"

/* One call: what it is given, and what it gives. */
struct run {
    struct lk_ec_subject subject[LK_EC_REQUESTS_MAX];
    struct lk_ec_job job[LK_EC_REQUESTS_MAX];
    uint8_t digest[LK_EC_REQUESTS_MAX][LK_EC_BYTES_MAX];
    uint8_t nonce[LK_EC_REQUESTS_MAX][LK_EC_NONCE_BYTES];
    uint8_t signature[LK_EC_REQUESTS_MAX][2 * LK_EC_BYTES_MAX];
};

static void fill(struct run *run, const struct lk_ec_kernel *kernel, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lk_ec_subject_init(&run->subject[i], lk_ec_curve_of(kernel), NULL);
        lk_draw_bytes(run->digest[i], sizeof run->digest[i]);
        lk_draw_bytes(run->nonce[i], sizeof run->nonce[i]);
        run->job[i] = (struct lk_ec_job){run->subject[i].kernel, run->digest[i], kernel->bytes,
                                         run->nonce[i], run->signature[i]};
    }
}

static void mark(struct run *run, unsigned count, void (*mark_bytes)(const void *, size_t))
{
    for (unsigned i = 0; i < count; i++) {
        mark_bytes(run->nonce[i], sizeof run->nonce[i]);
        mark_bytes(run->job[i].key, sizeof *run->job[i].key);
    }
}

static void judge(struct run *run, const struct lk_marker *marker, unsigned count, uint64_t good)
{
    marker->public(&good, sizeof good);
    LK_ASSERT(good == ~UINT64_C(0) >> (64 - count));
    for (unsigned i = 0; i < count; i++) {
        size_t bytes = run->subject[i].curve->bytes;
        LK_ASSERT(marker->is_secret(run->signature[i], 2 * bytes));
        marker->public(run->signature[i], 2 * bytes);
        LK_ASSERT(
            lk_ec_subject_verifies(&run->subject[i], run->digest[i], bytes, run->signature[i]));
        lk_ec_subject_fini(&run->subject[i]);
    }
}

void lk_secret_ec(const struct lk_ec_kernel *kernel, const struct lk_marker *marker, unsigned count,
                  unsigned rounds)
{
    static struct run run;
    void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(work != NULL && count <= kernel->requests);
    for (unsigned round = 0; round < rounds; round++) {
        fill(&run, kernel, count);
        marker->public(run.job, sizeof run.job);
        marker->public(run.digest, sizeof run.digest);
        mark(&run, count, marker->secret);
        marker->secret(work, kernel->work_bytes);
        if (marker->watch != NULL) marker->watch(true);
        uint64_t good = kernel->sign(work, run.job, ~UINT64_C(0) >> (64 - count));
        if (marker->watch != NULL) marker->watch(false);
        mark(&run, count, marker->public);
        judge(&run, marker, count, good);
    }
    free(work);
}
