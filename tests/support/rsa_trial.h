/* rsa_trial: a kernel, its scratch and one batch, surrounded by what it must not touch: jobs of
 * lanes that are not live point nowhere, scratch is full of what an earlier call left, results lie
 * in bytes that are looked at again. Failures are cmocka's.
 * Owner the caller. Thread one. */
#ifndef LK_TESTS_SUPPORT_RSA_TRIAL_H
#define LK_TESTS_SUPPORT_RSA_TRIAL_H

#include "crypto/rsa/rsa_kernel.h"
#include "tests/support/rsa_subject.h"

/* The portable model and IFMA, each where the CPU runs it; returns how many. */
#define LK_TRIAL_KERNELS_MAX 2
unsigned lk_trial_kernels(enum lk_rsa_class size, const struct lk_rsa_kernel **kernels);
bool lk_trial_has_ifma(void);

struct lk_trial {
    const struct lk_rsa_kernel *kernel;
    uint8_t *work; /* an allocation of exactly work_bytes */
    struct lk_rsa_job job[LK_RSA_REQUESTS_MAX];
    struct lk_subject *subject[LK_RSA_REQUESTS_MAX];
    uint8_t c[LK_RSA_REQUESTS_MAX][LK_SUBJECT_BYTES_MAX];
    uint8_t m[LK_RSA_REQUESTS_MAX][LK_SUBJECT_BYTES_MAX];
};

void lk_trial_open(struct lk_trial *trial, const struct lk_rsa_kernel *kernel);
void lk_trial_close(struct lk_trial *trial);

/* Every job points nowhere. */
void lk_trial_clear(struct lk_trial *trial);
/* The lane's job: subject's key on c[k], which is copied. */
void lk_trial_set(struct lk_trial *trial, unsigned lane, struct lk_subject *subject,
                  const uint8_t *c);
/* The lane's result goes where its operand is. trial->c keeps the operand. */
void lk_trial_in_place(struct lk_trial *trial, unsigned lane);
/* The kernel's mask. Afterwards m is written in live lanes and nowhere else, zero where the lane is
 * not in the mask; the scratch holds nothing. */
uint64_t lk_trial_run(struct lk_trial *trial, uint64_t live);

#endif
