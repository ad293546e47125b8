/* rng: random bytes for salts and ids, drawn in bulk so that a signature does not pay for a system
 * call. One state per thread, held by the caller; refuses (false) when the system gives nothing.
 * Reseeds after a fork by noticing the process id. */
#ifndef LK_CRYPTO_RNG_H
#define LK_CRYPTO_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_rng {
    uint8_t pool[512];
    uint32_t left;
    uint32_t pid;
};
void lk_rng_init(struct lk_rng *rng);
/* Bytes of the system, without a pool. */
bool lk_rng_system(void *out, size_t len);
/* Bytes are handed out once and wiped from the pool. */
bool lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);

#endif
