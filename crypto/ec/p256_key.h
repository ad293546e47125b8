/* p256_key: a P-256 private key as the kernels want it, and the secret its nonces are drawn with.
 * Owner   the engine key; made once at load (engine_p256_key.h), read only after.
 * Secrets all of it; wiped when it is freed. Thread any. */
#ifndef LK_CRYPTO_EC_P256_KEY_H
#define LK_CRYPTO_EC_P256_KEY_H

#include <stdint.h>

#include "crypto/ec/p256_const.h"
#include "crypto/hash.h"

struct lk_p256_key {
    uint64_t d_r[LK_P256_DIGITS];  /* d R mod n, R = 2^260: to sign with */
    uint64_t d_r2[LK_P256_DIGITS]; /* d R^2 mod n: to check with, so that one word that goes wrong
                                    * in memory is found */
    struct lk_hmac_states nonce;   /* HMAC-SHA-256 of a secret that follows from d */
};

#endif
