/* ec_subject: the curves of the kernels, keys in every form that is tested, libcrypto to judge by,
 * and a kernel with its scratch and one batch, surrounded by what it must not touch. Owner the
 * caller. Thread one. Failures of libcrypto stop the program, the others are cmocka's. */
#ifndef LK_TESTS_SUPPORT_EC_SUBJECT_H
#define LK_TESTS_SUPPORT_EC_SUBJECT_H

#include <openssl/ec.h>
#include <stdbool.h>

#include "crypto/crypto.h"
#include "crypto/ec/ec_kernel.h"

struct lk_ec_curve {
    const char *name; /* "p256", of its kernels and rows */
    int nid;
    unsigned bytes; /* of a number */
    enum lk_kernel_row row;
    const struct lk_ec_kernel *ifma, *ref;
    const struct lk_kernel *row_ifma, *row_ref;
    /* The table (docs/kernels.md), and the largest multiple that its last window is asked for. */
    const uint64_t *table;
    unsigned digits, window_bits, windows, entries, last;
};
#define LK_EC_CURVES 2
extern const struct lk_ec_curve lk_ec_curves[LK_EC_CURVES];
const struct lk_ec_curve *lk_ec_curve_of(const struct lk_ec_kernel *kernel);
const EC_GROUP *lk_ec_group(const struct lk_ec_curve *curve);

struct lk_ec_subject {
    const struct lk_ec_curve *curve;
    EC_KEY *ec;
    struct lk_ec_key *kernel;
    struct lk_engine_key *engine;
};

/* d[bytes]: big-endian, in 1 .. n - 1; NULL: drawn (draw.h). */
void lk_ec_subject_init(struct lk_ec_subject *subject, const struct lk_ec_curve *curve,
                        const uint8_t *d);
void lk_ec_subject_fini(struct lk_ec_subject *subject);

/* r and s, `bytes` each, are a signature of the digest, as libcrypto's verification has it. */
bool lk_ec_subject_verifies(const struct lk_ec_subject *subject, const uint8_t *digest,
                            size_t digest_bytes, const uint8_t *signature);
/* xy[2 bytes] := k G by libcrypto; false: k = 0 mod n. k[bytes]. */
bool lk_ec_times_base(const struct lk_ec_curve *curve, const uint8_t *k, uint8_t *xy);
/* to[bytes] := n + offset, or (n + offset) / 2 rounded down. */
void lk_ec_near_order(const struct lk_ec_curve *curve, int64_t offset, bool half, uint8_t *to);
/* The one odd k whose last addition meets its own double; n - k is the other (docs/kernels.md). */
void lk_ec_exception(const struct lk_ec_curve *curve, uint8_t *k);

/* Of each curve the portable model, and IFMA where the CPU runs it; returns how many. */
#define LK_EC_KERNELS_MAX (2 * LK_EC_CURVES)
unsigned lk_ec_kernels(const struct lk_ec_kernel **kernels);

struct lk_ec_trial {
    const struct lk_ec_kernel *kernel;
    uint8_t *work; /* an allocation of exactly work_bytes */
    struct lk_ec_job job[LK_EC_REQUESTS_MAX];
    uint8_t digest[LK_EC_REQUESTS_MAX][64];
    uint8_t nonce[LK_EC_REQUESTS_MAX][LK_EC_NONCE_BYTES];
    uint8_t signature[LK_EC_REQUESTS_MAX][2 * LK_EC_BYTES_MAX + 1];
};

void lk_ec_trial_open(struct lk_ec_trial *trial, const struct lk_ec_kernel *kernel);
void lk_ec_trial_close(struct lk_ec_trial *trial);
/* Every job points nowhere. */
void lk_ec_trial_clear(struct lk_ec_trial *trial);
/* The lane's job, with a digest and a nonce that are drawn. */
void lk_ec_trial_set(struct lk_ec_trial *trial, unsigned lane, const struct lk_ec_subject *subject,
                     size_t digest_bytes);
/* The kernel's mask. Afterwards signatures are written in live lanes and nowhere else, zero where
 * the lane is not in the mask; the scratch holds nothing. */
uint64_t lk_ec_trial_run(struct lk_ec_trial *trial, uint64_t live);

#endif
