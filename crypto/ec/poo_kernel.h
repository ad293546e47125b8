/* poo_kernel: proofs of ownership, [r]G + [c]bG = vG, many at once (lurk-tls12.md 7).
 *
 * A kernel is one instance of ec_poo.inc.c, or x25519_poo.inc.c, for a curve and a lane type: a
 * proof a lane, LK_POO_PROOFS_MAX proofs a call.
 * Owner   nothing: no state but `work`, which the caller brings. Nothing here is secret.
 * Thread  any; one call at a time per work. Allocates nothing.
 * Formulas, bounds, and why no proof is taken for another: docs/kernels.md. */
#ifndef LK_CRYPTO_EC_POO_KERNEL_H
#define LK_CRYPTO_EC_POO_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"

#define LK_POO_PROOFS_MAX 64  /* of one call */
#define LK_POO_SHORT_BYTES 16 /* of a challenge: this many, or those */
#define LK_POO_LONG_BYTES 32

/* Numbers are big-endian, of as many bytes as the kernel says; points are x and y, without the byte
 * of their form, or u alone, little-endian (RFC 7748 5). */
struct lk_poo_job {
    const uint8_t *bg;        /* [2 bytes], [bytes] */
    const uint8_t *vg;        /* the same */
    const uint8_t *r;         /* [bytes] */
    const uint8_t *challenge; /* [challenge_bytes] c */
    size_t challenge_bytes;   /* 16 or 32 */
};

/* Bit i: job i. One that is in none of these was refused: r is not below the order, or the equation
 * does not hold. */
struct lk_poo_verdicts {
    uint64_t good;
    uint64_t point_bad; /* bG or vG: a coordinate is not below the field, or not on the curve */
    uint64_t undecided; /* an addition met one point twice, or its opposite: whoever wrote the
                         * request wanted it so */
};

struct lk_poo_kernel {
    const char *name;          /* "p256" */
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned bytes;            /* of a number: 32, 48 */
    bool xy;                   /* points are x and y; false: u */
    unsigned lanes;            /* side by side: a vector */
    size_t work_bytes;

    /* In      job[i] for each bit i of live · work[work_bytes], 64-byte aligned
     * Returns disjoint subsets of live
     * Time    by how many vectors of lanes live, and how many of these have a long challenge
     * Source  RFC 8235, SEC 1 3.2.2.1 */
    struct lk_poo_verdicts (*judge)(void *work, const struct lk_poo_job *job, uint64_t live);
};

extern const struct lk_poo_kernel lk_p256_poo_x8_ifma, lk_p384_poo_x8_ifma, lk_x25519_poo_x8_ifma;
/* The same bodies over two 64-bit lanes in plain C: for tests, and to read. */
extern const struct lk_poo_kernel lk_p256_poo_x2_ref, lk_p384_poo_x2_ref, lk_x25519_poo_x2_ref;

#endif
