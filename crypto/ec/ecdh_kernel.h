/* ecdh_kernel: a key share and the secret it has with the peer's, many at once (RFC 8446 4.2.8.2,
 * 7.4.2). A kernel is one group over one lane type: a request a lane, LK_ECDH_VECTORS vectors of
 * lanes a call.
 * Owner   nothing: no state but `work`, which the caller brings and which is wiped at the end.
 * Thread  any; one call at a time per work. Allocates nothing.
 * Formulas, bounds, the check and what it catches: docs/kernels.md. */
#ifndef LK_CRYPTO_EC_ECDH_KERNEL_H
#define LK_CRYPTO_EC_ECDH_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"

#define LK_ECDH_VECTORS 8
#define LK_ECDH_REQUESTS_MAX 64 /* of one call, over all kernels */
#define LK_ECDH_SECRET_BYTES_MAX 64
#define LK_ECDH_POINT_BYTES_MAX 97
#define LK_ECDH_SHARED_BYTES_MAX 48

struct lk_ecdh_job {
    const uint8_t *secret; /* [secret_bytes] random: the private key is made of them */
    const uint8_t *peer;   /* [point_bytes] the peer's share */
    uint8_t *own;          /* [point_bytes] our share */
    uint8_t *shared;       /* [shared_bytes] */
};

struct lk_ecdh_kernel {
    const char *name;          /* "x25519" */
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned lanes;            /* side by side: a vector */
    unsigned requests;         /* jobs of one call */
    size_t work_bytes;
    size_t secret_bytes, point_bytes, shared_bytes;

    /* own := k G and shared := k (the peer's point), for each bit i of live.
     * In      job[i] · work[work_bytes], 64-byte aligned
     * Out     job[i].own, .shared; zero in a lane that is not returned · *refused: lanes whose
     *         peer's share is no point of the group or leads to a secret of zeros
     * Returns mask of lanes that are right, a subset of live, apart from refused. A lane in
     *         neither went wrong (docs/kernels.md)
     * Time    depends on how many vectors of lanes live
     * Source  RFC 7748 5, 6.1; SEC 1 3.3.1, 3.2.2.1 */
    uint64_t (*agree)(void *work, const struct lk_ecdh_job *job, uint64_t live, uint64_t *refused);

    /* The same without own, which is not looked at: for tests and bench. */
    uint64_t (*derive)(void *work, const struct lk_ecdh_job *job, uint64_t live, uint64_t *refused);
};

extern const struct lk_ecdh_kernel lk_x25519_x8_ifma;
extern const struct lk_ecdh_kernel lk_p256_ecdh_x8_ifma, lk_p384_ecdh_x8_ifma;
/* The same bodies over two 64-bit lanes in plain C: for tests, for memcheck, and to read. */
extern const struct lk_ecdh_kernel lk_x25519_x2_ref;
extern const struct lk_ecdh_kernel lk_p256_ecdh_x2_ref, lk_p384_ecdh_x2_ref;

#endif
