/* ec_kernel: ECDSA signatures over P-256 and P-384, many at once, each checked before it is
 * returned.
 *
 * A kernel is one instance of ec_kernel.inc.c for a curve and a lane type: a request a lane,
 * LK_EC_VECTORS vectors of lanes a call. Keys may differ; the base point is the same for all, and
 * so is the table of its multiples.
 * Owner   nothing: no state but `work`, which the caller brings and which is wiped at the end.
 * Thread  any; one call at a time per work. Allocates nothing.
 * Formulas, bounds, the check and what it catches: docs/kernels.md. */
#ifndef LK_CRYPTO_EC_EC_KERNEL_H
#define LK_CRYPTO_EC_EC_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"
#include "crypto/ec/ec_key.h"

#define LK_EC_VECTORS 8
#define LK_EC_REQUESTS_MAX 64 /* of one call, over all kernels */
#define LK_EC_NONCE_BYTES 64
#define LK_EC_BYTES_MAX 48

struct lk_ec_job {
    const struct lk_ec_key *key; /* of the kernel's curve */
    const uint8_t *digest;       /* [digest_bytes]; of a longer one the first `bytes` count */
    size_t digest_bytes;
    const uint8_t *nonce; /* [64] big-endian, 512 bits: k is this modulo n */
    uint8_t *signature;   /* [2 bytes] r, s, big-endian */
};

/* Where a computation stands: what a test may spoil, by name (tests/support/ec_faulty.c). */
enum lk_ec_stage {
    LK_EC_STAGE_NONCE,    /* k R mod n */
    LK_EC_STAGE_ODD,      /* k or n - k, to be cut into windows */
    LK_EC_STAGE_ENTRY,    /* x and y of an entry as picked, with their tags */
    LK_EC_STAGE_SIGN,     /* of an entry, and of the sum by it */
    LK_EC_STAGE_ADD,      /* -X, +-Y, ZZ, ZZZ after an addition */
    LK_EC_STAGE_INVERSE,  /* 1 / ZZZ, 1 / k of all vectors but for factors */
    LK_EC_STAGE_INVERSES, /* 1 / ZZZ, 1 / k of one vector */
    LK_EC_STAGE_R,
    LK_EC_STAGE_Y,
    LK_EC_STAGE_S,
    LK_EC_STAGE_CHECK, /* what the check has computed of its own */
    LK_EC_STAGE_COUNT
};

struct lk_ec_kernel {
    const char *name;          /* "p256" */
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned bytes;            /* of a number: 32, 48 */
    unsigned lanes;            /* side by side: a vector */
    unsigned requests;         /* jobs of one call */
    size_t work_bytes;

    /* signature := ECDSA with the given nonce, for each bit i of live.
     * In      job[i] · work[work_bytes], 64-byte aligned
     * Out     job[i].signature; zero in a lane that is not returned
     * Returns mask of lanes whose signature is right, a subset of live. A nonce of 0 modulo n, and
     *         two more (docs/kernels.md), give none
     * Time    depends on how many vectors of lanes live and on digest_bytes
     * Source  FIPS 186-4 6.4, SEC 1 4.1.3 */
    uint64_t (*sign)(void *work, const struct lk_ec_job *job, uint64_t live);

    /* (x, y) := k G, affine, for tests: k[count][bytes] big-endian and below n,
     * xy[count][2 bytes]. Returns mask of those with a result: not 0, nor what sign makes no
     * signature of. */
    uint64_t (*multiply)(void *work, const uint8_t *k, uint8_t *xy, unsigned count);

    /* `count` additions of an entry of the table in each lane of two vectors: the step that most of
     * the time goes into, for bench. */
    void (*add)(void *work, unsigned count);
};

extern const struct lk_ec_kernel lk_p256_x8_ifma, lk_p384_x8_ifma;
/* The same bodies over two 64-bit lanes in plain C: for tests, for memcheck, and to read. */
extern const struct lk_ec_kernel lk_p256_x2_ref, lk_p384_x2_ref;

#endif
