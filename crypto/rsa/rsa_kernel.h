/* rsa_kernel: the RSA private operation for several requests at once, m = c^d mod N by CRT, each
 * result checked with the public key before it is returned.
 *
 * A kernel is one instance of rsa_kernel.inc.c: a size and a lane type. Up to `requests` jobs of
 * one size run together, each with a key of its own; p and q of a request are two lanes.
 * Owner   nothing: no state but `work`, which the caller brings and which is wiped at the end.
 * Thread  any; one call at a time per work. Allocates nothing.
 * Bounds, table selection and packing: docs/kernels.md. */
#ifndef LK_CRYPTO_RSA_KERNEL_H
#define LK_CRYPTO_RSA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"
#include "crypto/rsa/rsa_key.h"

/* Requests of one call, over all kernels. */
#define LK_RSA_REQUESTS_MAX 8

struct lk_rsa_job {
    const struct lk_rsa_key *key;
    const uint8_t *c; /* [key->k] big-endian, below the modulus */
    uint8_t *m;       /* [key->k] big-endian; may be c */
};

/* Where a computation stands: what a test may spoil, by name (tests/support/rsa_faulty.c). */
enum lk_rsa_stage {
    LK_RSA_STAGE_INPUT,     /* c modulo the primes */
    LK_RSA_STAGE_TABLE,     /* an entry of the table of powers */
    LK_RSA_STAGE_SQUARE,    /* after one squaring */
    LK_RSA_STAGE_MULTIPLY,  /* after one multiplication by an entry */
    LK_RSA_STAGE_HALF,      /* c^d mod q */
    LK_RSA_STAGE_RECOMBINE, /* (mp - mq) / q mod p */
    LK_RSA_STAGE_RESULT,    /* m */
    LK_RSA_STAGE_CHECK,     /* the check's own power of m */
    LK_RSA_STAGE_COUNT
};

struct lk_rsa_kernel {
    const char *name;          /* "rsa2048" */
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned digits;           /* of a prime, radix 2^52; keys of this class only */
    unsigned lanes;            /* numbers side by side */
    unsigned requests;         /* jobs of one call */
    unsigned group;            /* jobs that cost no more than one: half of requests */
    size_t work_bytes;

    /* m := c^d mod N for each bit i of live.
     * In      job[i], keys of this kernel's digits · work[work_bytes], 64-byte aligned
     * Out     job[i].m; zero in a lane that is not returned
     * Returns mask of lanes whose result was right, m^e = c (mod N) and m < N; a subset of live
     * Time    depends on digits, on whether more than `group` lanes live, on the bits of the
     *         longest prime and on the exponents e: all public
     * Source  RFC 8017 5.1.2 */
    uint64_t (*private)(void *work, const struct lk_rsa_job *job, uint64_t live);

    /* a := a^(2^count) R^(1 - 2^count) mod n: the step that most of the time goes into, for tests
     * and bench.
     * In      n[digits][lanes] odd, below 2^(52 digits - 4) · a[digits][lanes] below 4n · digits
     *         below 2^52 · work as above
     * Out     a below 2n, digits below 2^52 */
    void (*square)(void *work, const uint64_t *n, uint64_t *a, unsigned count);
};

/* By class (lk_rsa_key_class): 2048, 3072, 4096. */
extern const struct lk_rsa_kernel lk_rsa_private_x8_ifma[LK_RSA_CLASS_COUNT];
/* The same body over two 64-bit lanes in plain C: for tests, for memcheck, and to read. */
extern const struct lk_rsa_kernel lk_rsa_private_x2_ref[LK_RSA_CLASS_COUNT];

#endif
