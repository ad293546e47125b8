/* verify_kernel: is (r, s) a signature of this digest by that key? ECDSA over P-256 and P-384, one
 * verification spread over all lanes: for one who waits for it.
 *
 * A kernel is one instance of ec_verify.inc.c for a curve and a lane type. What it needs of a key
 * is made once (prepare) and then only read.
 * Owner   nothing: no state but `work`, which the caller brings. Nothing here is secret.
 * Thread  any; one call at a time per work, a prepared key may be used by several at once.
 *         Allocates nothing, and takes little of the stack: who asks may be a job of libcrypto's,
 *         which has 32 kB for everything.
 * Formulas, and why no wrong signature is good: docs/kernels.md. */
#ifndef LK_CRYPTO_EC_VERIFY_KERNEL_H
#define LK_CRYPTO_EC_VERIFY_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"

#define LK_VERIFY_BYTES_MAX 48 /* of a number */

/* Numbers are big-endian, of as many bytes as the kernel says. */
struct lk_verify_job {
    const uint8_t *r, *s;  /* [bytes] each, any value */
    const uint8_t *digest; /* [digest_bytes]; of a longer one the first `bytes` count */
    size_t digest_bytes;
};

enum lk_verify {
    LK_VERIFY_BAD = 0,
    LK_VERIFY_GOOD,
    LK_VERIFY_UNDECIDED /* an addition met one point twice, or its opposite: whoever made the
                         * signature wanted it so */
};

struct lk_verify_kernel {
    const char *name;          /* "p256" */
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned bytes;            /* of a number: 32, 48 */
    size_t prepared_bytes;
    size_t work_bytes;

    /* In      work[work_bytes], 64-byte aligned · xy[2 bytes], the public key's coordinates
     * Out     prepared[prepared_bytes], aligned as a uint64_t
     * Returns false: that is no point of the curve, or the machine went wrong
     * Source  Lim, Lee, "More flexible exponentiation with precomputation", 1994 */
    bool (*prepare)(void *work, void *prepared, const uint8_t *xy);

    /* In      work[work_bytes], 64-byte aligned · prepared
     * Time    varies: everything is public
     * Source  FIPS 186-4 6.4, SEC 1 4.1.4 */
    enum lk_verify (*verify)(void *work, const void *prepared, const struct lk_verify_job *job);
};

extern const struct lk_verify_kernel lk_p256_verify_x8_ifma, lk_p384_verify_x8_ifma;
/* The same bodies over two 64-bit lanes in plain C: for tests, and to read. */
extern const struct lk_verify_kernel lk_p256_verify_x2_ref, lk_p384_verify_x2_ref;

#endif
