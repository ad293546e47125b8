/* p256_poo: proofs of ownership over P-256, [r]G + [c]bG = vG, many at once (lurk-tls12.md 7).
 *
 * A kernel is one instance of ec_poo.inc.c for a lane type: a proof a lane, two vectors of lanes
 * side by side, LK_P256_POO_PROOFS_MAX proofs a call.
 * Owner   nothing: no state but `work`, which the caller brings. Nothing here is secret.
 * Thread  any; one call at a time per work. Allocates nothing.
 * Formulas, bounds, and why no proof is taken for another: docs/kernels.md. */
#ifndef LK_CRYPTO_EC_P256_POO_H
#define LK_CRYPTO_EC_P256_POO_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"

#define LK_P256_POO_PROOFS_MAX 64 /* of one call */

/* Numbers are big-endian; points are x and y, 32 bytes each, without the byte of their form. */
struct lk_p256_poo_job {
    const uint8_t *bg;        /* [64] */
    const uint8_t *vg;        /* [64] */
    const uint8_t *r;         /* [32] */
    const uint8_t *challenge; /* [challenge_bytes] c */
    size_t challenge_bytes;   /* 16 or 32 */
};

/* Bit i: job i. One that is in none of these was refused: r is not below the order, or the equation
 * does not hold. */
struct lk_p256_poo_verdicts {
    uint64_t good;
    uint64_t point_bad; /* bG or vG: a coordinate is not below the field, or not on the curve */
    uint64_t undecided; /* an addition met one point twice, or its opposite: whoever wrote the
                         * request wanted it so */
};

struct lk_p256_poo_kernel {
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned lanes;            /* side by side: a vector */
    size_t work_bytes;

    /* In      job[i] for each bit i of live · work[work_bytes], 64-byte aligned
     * Returns disjoint subsets of live
     * Time    by how many vectors of lanes live, and how many of these have a long challenge
     * Source  RFC 8235, SEC 1 3.2.2.1 */
    struct lk_p256_poo_verdicts (*judge)(void *work, const struct lk_p256_poo_job *job,
                                         uint64_t live);
};

extern const struct lk_p256_poo_kernel lk_p256_poo_x8_ifma;
/* The same body over two 64-bit lanes in plain C: for tests, and to read. */
extern const struct lk_p256_poo_kernel lk_p256_poo_x2_ref;

#endif
