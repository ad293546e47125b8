#include "tests/support/rsa_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"

#define NOWHERE                                                                                    \
    ((void *)(uintptr_t)0xdead000000000000u) /* no address at all: reading it is a fault */
#define LEFT_OVER 0xa5
#define LEFT_OVER_WORD UINT64_C(0xa5a5a5a5a5a5a5a5)
#define UNTOUCHED 0xee

bool lk_trial_has_ifma(void)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    return (features >> LK_CPU_IFMA & 1) != 0;
}

unsigned lk_trial_kernels(enum lk_rsa_class size, const struct lk_rsa_kernel **kernels)
{
    kernels[0] = &lk_rsa_private_x2_ref[size];
    kernels[1] = &lk_rsa_private_x8_ifma[size];
    return lk_trial_has_ifma() ? 2 : 1;
}

void lk_trial_open(struct lk_trial *trial, const struct lk_rsa_kernel *kernel)
{
    memset(trial, 0, sizeof *trial);
    trial->kernel = kernel;
    LK_ASSERT(kernel->requests <= LK_RSA_REQUESTS_MAX);
    trial->work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(trial->work != NULL);
    lk_trial_clear(trial);
}

void lk_trial_close(struct lk_trial *trial)
{
    free(trial->work);
}

void lk_trial_clear(struct lk_trial *trial)
{
    for (unsigned i = 0; i < LK_RSA_REQUESTS_MAX; i++)
        trial->job[i] = (struct lk_rsa_job){NOWHERE, NOWHERE, NOWHERE};
}

void lk_trial_set(struct lk_trial *trial, unsigned lane, struct lk_subject *subject,
                  const uint8_t *c)
{
    trial->subject[lane] = subject;
    memcpy(trial->c[lane], c, subject->k);
    trial->job[lane] = (struct lk_rsa_job){subject->kernel, trial->c[lane], trial->m[lane]};
}

void lk_trial_in_place(struct lk_trial *trial, unsigned lane)
{
    trial->job[lane].c = trial->m[lane];
}

static void before(struct lk_trial *trial, uint64_t live)
{
    memset(trial->work, LEFT_OVER, trial->kernel->work_bytes);
    for (unsigned i = 0; i < trial->kernel->requests; i++) {
        memset(trial->m[i], UNTOUCHED, sizeof trial->m[i]);
        if ((live >> i & 1) != 0 && trial->job[i].c == trial->m[i])
            memcpy(trial->m[i], trial->c[i], trial->subject[i]->k);
    }
}

static void assert_bytes(const uint8_t *from, size_t len, uint8_t what)
{
    for (size_t i = 0; i < len; i++)
        if (from[i] != what) fail_msg("byte %zu is %02x, not %02x", i, from[i], what);
}

static void after(const struct lk_trial *trial, uint64_t live, uint64_t returned)
{
    const uint64_t *word = (const uint64_t *)(const void *)trial->work;
    for (size_t i = 0; i < trial->kernel->work_bytes / sizeof *word; i++)
        if (word[i] != 0 && word[i] != LEFT_OVER_WORD)
            fail_msg("scratch is not wiped at %zu", 8 * i);
    for (unsigned i = 0; i < trial->kernel->requests; i++) {
        size_t k = (live >> i & 1) != 0 ? trial->subject[i]->k : 0;
        assert_bytes(trial->m[i] + k, sizeof trial->m[i] - k, UNTOUCHED);
        if (k != 0 && (returned >> i & 1) == 0) assert_bytes(trial->m[i], k, 0);
    }
}

uint64_t lk_trial_run(struct lk_trial *trial, uint64_t live)
{
    before(trial, live);
    uint64_t returned = trial->kernel->private(trial->work, trial->job, live);
    assert_int_equal(returned & ~live, 0);
    after(trial, live, returned);
    return returned;
}
