/* ec_key: a private key of P-256 or P-384 as the kernels want it, and the secret its nonces are
 * drawn with.
 * Owner   the engine key; made once at load (engine_ec_key.h), read only after.
 * Secrets all of it; wiped when it is freed. Thread any. */
#ifndef LK_CRYPTO_EC_EC_KEY_H
#define LK_CRYPTO_EC_EC_KEY_H

#include <stdint.h>

#include "crypto/hash.h"

#define LK_EC_DIGITS_MAX 8

struct lk_ec_key {
    /* Digits of 52 bits, R = 2^(52 digits); those beyond the curve's are zero. */
    uint64_t d_r[LK_EC_DIGITS_MAX];  /* d R mod n: to sign with */
    uint64_t d_r2[LK_EC_DIGITS_MAX]; /* d R^2 mod n: to check with, so that one word that goes wrong
                                      * in memory is found */
    struct lk_hmac_states nonce;     /* HMAC-SHA-256 of a secret that follows from d */
};

#endif
