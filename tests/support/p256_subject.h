/* p256_subject: P-256 keys in every form that is tested, libcrypto to judge by, and a kernel with
 * its scratch and one batch, surrounded by what it must not touch.
 * Owner the caller. Thread one. Failures of libcrypto stop the program, the others are cmocka's. */
#ifndef LK_TESTS_SUPPORT_P256_SUBJECT_H
#define LK_TESTS_SUPPORT_P256_SUBJECT_H

#include <openssl/types.h>
#include <stdbool.h>

#include "crypto/crypto.h"
#include "crypto/ec/p256_kernel.h"

struct lk_p256_subject {
    EC_KEY *ec;
    struct lk_p256_key *kernel;
    struct lk_engine_key *engine;
};

/* d: 32 bytes, big-endian, in 1 .. n - 1; NULL: drawn (draw.h). */
void lk_p256_subject_init(struct lk_p256_subject *subject, const uint8_t *d);
void lk_p256_subject_fini(struct lk_p256_subject *subject);

/* r and s, 32 bytes each, are a signature of the digest, as libcrypto's verification has it. */
bool lk_p256_subject_verifies(const struct lk_p256_subject *subject, const uint8_t *digest,
                              size_t digest_bytes, const uint8_t *signature);
/* xy[64] := k G by libcrypto; false: k = 0 mod n. k: 32 bytes. */
bool lk_p256_times_base(const uint8_t *k, uint8_t *xy);
/* to[32] := n + offset, or (n + offset) / 2 rounded down. */
void lk_p256_near_order(int64_t offset, bool half, uint8_t *to);
/* The one odd k whose last addition meets its own double; n - k is the other (docs/kernels.md). */
void lk_p256_exception(uint8_t *k);

/* The portable model and IFMA, each where the CPU runs it; returns how many. */
#define LK_P256_KERNELS_MAX 2
unsigned lk_p256_kernels(const struct lk_p256_kernel **kernels);

struct lk_p256_trial {
    const struct lk_p256_kernel *kernel;
    uint8_t *work; /* an allocation of exactly work_bytes */
    struct lk_p256_job job[LK_P256_REQUESTS_MAX];
    uint8_t digest[LK_P256_REQUESTS_MAX][64];
    uint8_t nonce[LK_P256_REQUESTS_MAX][LK_P256_NONCE_BYTES];
    uint8_t signature[LK_P256_REQUESTS_MAX][2 * LK_P256_BYTES + 1];
};

void lk_p256_trial_open(struct lk_p256_trial *trial, const struct lk_p256_kernel *kernel);
void lk_p256_trial_close(struct lk_p256_trial *trial);
/* Every job points nowhere. */
void lk_p256_trial_clear(struct lk_p256_trial *trial);
/* The lane's job, with a digest and a nonce that are drawn. */
void lk_p256_trial_set(struct lk_p256_trial *trial, unsigned lane,
                       const struct lk_p256_subject *subject, size_t digest_bytes);
/* The kernel's mask. Afterwards signatures are written in live lanes and nowhere else, zero where
 * the lane is not in the mask; the scratch holds nothing. */
uint64_t lk_p256_trial_run(struct lk_p256_trial *trial, uint64_t live);

#endif
