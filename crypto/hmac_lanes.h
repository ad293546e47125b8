/* hmac_lanes: HMAC-SHA-256 of many short messages at once, each under a key of its own. A digest
 * alone is a chain in which each step waits for the last; many side by side fill the processor.
 * Owner   nothing. Thread any. Allocates nothing.
 * Time    depends on count alone. Source FIPS 180-4 6.2, RFC 2104. */
#ifndef LK_CRYPTO_HMAC_LANES_H
#define LK_CRYPTO_HMAC_LANES_H

#include <stdint.h>

#include "crypto/cpu.h"
#include "crypto/hash.h"

/* Messages have this length: two blocks with what SHA-256 puts behind them. */
#define LK_HMAC_LANES_BYTES 102
#define LK_HMAC_LANES_MAX 16

struct lk_hmac_job {
    const struct lk_hmac_states *key;
    uint8_t message[LK_HMAC_LANES_BYTES];
    uint8_t *mac; /* [32] */
};

struct lk_hmac_kernel {
    const char *isa;           /* "ifma" */
    enum lk_cpu_feature needs; /* LK_CPU_FEATURE_COUNT: runs anywhere */
    unsigned lanes;
    /* job[i].mac := HMAC-SHA-256 of its message, for i < count <= lanes. What the stack held is
     * wiped; the messages are the caller's. */
    void (*run)(const struct lk_hmac_job *job, unsigned count);
};

/* Sixteen lanes of AVX-512, in the files of which the rest needs IFMA as well; two in plain C. */
extern const struct lk_hmac_kernel lk_hmac_x16_ifma;
extern const struct lk_hmac_kernel lk_hmac_x2_ref;

#endif
