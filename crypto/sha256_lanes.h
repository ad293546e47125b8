/* sha256_lanes: SHA-256 of many short messages at once, and HMAC with it. A digest alone is a chain
 * in which each step waits for the last; many side by side fill the processor.
 * Owner   nothing. Thread any. Allocates nothing.
 * Time    depends on lengths and counts alone. Source FIPS 180-4 6.2, RFC 2104. */
#ifndef LK_CRYPTO_SHA256_LANES_H
#define LK_CRYPTO_SHA256_LANES_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/cpu.h"
#include "crypto/hash.h"

#define LK_SHA256_LANES_MAX 16 /* of one call */
#define LK_SHA256_LANES_ROOM 256
/* Of a message: what SHA-256 puts behind it takes the rest of four blocks. */
#define LK_SHA256_LANES_BYTES (LK_SHA256_LANES_ROOM - 9)

struct lk_sha256_job {
    alignas(64) uint8_t message[LK_SHA256_LANES_ROOM]; /* [len], and room for what comes behind */
    size_t len;                                        /* to LK_SHA256_LANES_BYTES */
    uint8_t *digest;                                   /* [32] */
};

/* Of a message to HMAC: with one byte more, and what SHA-256 puts behind them, two blocks. */
#define LK_HMAC_LANES_BYTES 101
#define LK_HMAC_LANES_MAC_BYTES (2 * LK_SHA256_BYTES)

struct lk_hmac_job {
    alignas(64) uint8_t message[128]; /* [101], and room for what comes behind */
    const struct lk_hmac_states *key;
    uint8_t *mac; /* [64] HMAC-SHA-256 of message || 00, then that of message || 01 */
};

/* In      job[i].message, .len, for i < count; count 1 to the lanes of the instance. Public
 * Out     job[i].digest; what is behind the message changes */
typedef void lk_sha256_lanes(struct lk_sha256_job *job, unsigned count);

/* One after the other, by libcrypto: LK_SHA256_LANES_MAX lanes. */
lk_sha256_lanes lk_sha256_lanes_library;

struct lk_sha256_kernel {
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned lanes;            /* side by side; a call takes 1 to as many */
    lk_sha256_lanes *hash;
    /* job[i].mac, for i < count. What the stack held is wiped; the messages are the caller's. */
    void (*hmac)(struct lk_hmac_job *job, unsigned count);
};

/* The fastest for any count where there is AVX-512: a few are done one after the other. */
lk_sha256_lanes lk_sha256_lanes_ifma;

/* Sixteen lanes of AVX-512, in the files of which the rest needs IFMA as well; two in plain C,
 * for tests, for memcheck, and to read. */
extern const struct lk_sha256_kernel lk_sha256_x16_ifma;
extern const struct lk_sha256_kernel lk_sha256_x2_ref;

#endif
