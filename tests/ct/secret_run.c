#include "tests/ct/secret_run.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_edges.h"

/* One call: what it is given, and what it gives. */
struct run {
    const struct lk_rsa_kernel *kernel;
    const struct lk_marker *marker;
    struct lk_subject *subject[LK_RSA_REQUESTS_MAX];
    struct lk_rsa_job job[LK_RSA_REQUESTS_MAX];
    uint8_t c[LK_RSA_REQUESTS_MAX][LK_SUBJECT_BYTES_MAX];
    uint8_t m[LK_RSA_REQUESTS_MAX][LK_SUBJECT_BYTES_MAX];
};

typedef void mark_fn(const void *data, size_t len);

static void mark_prime(mark_fn *mark, const struct lk_rsa_prime *prime,
                       const struct lk_rsa_key *key)
{
    size_t bytes = key->digits * sizeof prime->n[0];
    mark(prime->n, bytes);
    mark(prime->r2, bytes);
    mark(prime->r3, bytes);
    mark(&prime->n0, sizeof prime->n0);
    mark(prime->window, key->windows);
}

static void mark_key(mark_fn *mark, const struct lk_rsa_key *key)
{
    mark_prime(mark, &key->p, key);
    mark_prime(mark, &key->q, key);
    mark(key->qinv, key->digits * sizeof key->qinv[0]);
}

static void mark_all(struct run *run, uint64_t live, mark_fn *mark)
{
    for (; live != 0; live &= live - 1) {
        const struct lk_rsa_job *job = &run->job[__builtin_ctzll(live)];
        mark_key(mark, job->key);
        mark(job->c, job->key->k);
    }
}

static void fill(struct run *run, struct lk_bank *bank, unsigned first, uint64_t live)
{
    for (; live != 0; live &= live - 1, first++) {
        int i = __builtin_ctzll(live);
        struct lk_subject *subject = run->subject[i] = &bank->key[first % bank->count];
        lk_edge_draw(subject, (enum lk_edge)(first % LK_EDGE_BELOW_COUNT), run->c[i]);
        run->job[i] = (struct lk_rsa_job){subject->kernel, run->c[i], run->m[i]};
    }
}

static void judge(struct run *run, uint64_t live, uint64_t good)
{
    const struct lk_marker *marker = run->marker;
    marker->public(&good, sizeof good);
    LK_ASSERT(good == live);
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        LK_ASSERT(marker->is_secret(run->m[i], run->job[i].key->k));
        marker->public(run->m[i], run->job[i].key->k);
        LK_ASSERT(lk_subject_is_root(run->subject[i], run->m[i], run->c[i]));
    }
}

/* What others wrote may be unknown to the checker. */
static void begin(struct run *run, void *work, uint64_t live)
{
    const struct lk_marker *marker = run->marker;
    for (uint64_t left = live; left != 0; left &= left - 1) {
        const struct lk_rsa_key *key = run->job[__builtin_ctzll(left)].key;
        marker->public(key, key->bytes);
    }
    mark_all(run, live, marker->secret);
    marker->secret(work, run->kernel->work_bytes);
}

static void run_once(struct run *run, void *work, uint64_t live)
{
    begin(run, work, live);
    if (run->marker->watch != NULL) run->marker->watch(true);
    uint64_t good = run->kernel->private(work, run->job, live);
    if (run->marker->watch != NULL) run->marker->watch(false);
    mark_all(run, live, run->marker->public);
    judge(run, live, good);
}

static enum lk_rsa_class class_of(const struct lk_rsa_kernel *kernel)
{
    unsigned size = 0;
    while (lk_rsa_class_digits((enum lk_rsa_class)size) != kernel->digits)
        size++;
    return (enum lk_rsa_class)size;
}

void lk_secret_run(const struct lk_rsa_kernel *kernel, const struct lk_marker *marker,
                   uint64_t live, unsigned keys)
{
    static struct lk_bank bank;
    static struct run run;
    unsigned count = (unsigned)__builtin_popcountll(live);
    void *work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(work != NULL);
    lk_bank_open_first(&bank, class_of(kernel), keys);
    run.kernel = kernel;
    run.marker = marker;
    for (unsigned first = 0; first < bank.count; first += count) {
        fill(&run, &bank, first, live);
        run_once(&run, work, live);
    }
    lk_bank_close(&bank);
    free(work);
}
