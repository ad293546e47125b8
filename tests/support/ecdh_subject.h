/* ecdh_subject: key agreement as libcrypto has it, and a kernel with its scratch and one batch,
 * surrounded by what it must not touch.
 * Owner the caller. Thread one. Failures of libcrypto stop the program, the others are cmocka's. */
#ifndef LK_TESTS_SUPPORT_ECDH_SUBJECT_H
#define LK_TESTS_SUPPORT_ECDH_SUBJECT_H

#include <stdbool.h>

#include "crypto/ec/ecdh_kernel.h"
#include "tests/support/ec_subject.h"

/* The portable models and IFMA, each where the CPU runs it; returns how many. */
#define LK_ECDH_KERNELS_MAX 6
unsigned lk_ecdh_kernels(const struct lk_ecdh_kernel **kernels);
/* Plain C, and so slow. */
bool lk_ecdh_kernel_is_model(const struct lk_ecdh_kernel *kernel);
bool lk_ecdh_kernel_is_x25519(const struct lk_ecdh_kernel *kernel);
/* NULL: Curve25519. */
const struct lk_ec_curve *lk_ecdh_curve(const struct lk_ecdh_kernel *kernel);
/* libcrypto, which kernels are held against, has no code of its own for P-384: so many times less
 * is asked of it there in `make check`. */
unsigned lk_ecdh_less(const struct lk_ecdh_kernel *kernel);

/* own and shared as the kernel should make them; false: the peer's share is to be refused, and own
 * alone is set. */
bool lk_ecdh_expect(const struct lk_ecdh_kernel *kernel, const uint8_t *secret, const uint8_t *peer,
                    uint8_t *own, uint8_t *shared);
/* A share of somebody, drawn (draw.h). Of Curve25519 any string of 32 bytes is one. */
void lk_ecdh_draw_peer(const struct lk_ecdh_kernel *kernel, uint8_t *peer);

struct lk_ecdh_trial {
    const struct lk_ecdh_kernel *kernel;
    uint8_t *work; /* an allocation of exactly work_bytes */
    uint64_t refused;
    struct lk_ecdh_job job[LK_ECDH_REQUESTS_MAX];
    uint8_t secret[LK_ECDH_REQUESTS_MAX][LK_ECDH_SECRET_BYTES_MAX];
    uint8_t peer[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX];
    uint8_t own[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX + 1];
    uint8_t shared[LK_ECDH_REQUESTS_MAX][LK_ECDH_SHARED_BYTES_MAX + 1];
};

void lk_ecdh_trial_open(struct lk_ecdh_trial *trial, const struct lk_ecdh_kernel *kernel);
void lk_ecdh_trial_close(struct lk_ecdh_trial *trial);
/* All lanes of the kernel. */
uint64_t lk_ecdh_trial_all(const struct lk_ecdh_trial *trial);
/* Every job points nowhere; then those of live, with secrets and peers that are drawn. */
void lk_ecdh_trial_fill(struct lk_ecdh_trial *trial, uint64_t live);
/* The kernel's mask; refused beside it. Afterwards results are written in live lanes and nowhere
 * else, zero where the lane is not in the mask; the scratch holds nothing. derive: without own. */
uint64_t lk_ecdh_trial_run(struct lk_ecdh_trial *trial, uint64_t live);
uint64_t lk_ecdh_trial_derive(struct lk_ecdh_trial *trial, uint64_t live);
/* The lane is what libcrypto says: of `returned`, or refused. */
void lk_ecdh_trial_judge(const struct lk_ecdh_trial *trial, uint64_t returned, unsigned lane);

#endif
