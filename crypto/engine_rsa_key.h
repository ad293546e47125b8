/* engine_rsa_key: an RSA key turned into the constants that the kernels work with.
 * Thread the control thread, at load. Allocates (libcrypto, and the key). */
#ifndef LK_CRYPTO_ENGINE_RSA_KEY_H
#define LK_CRYPTO_ENGINE_RSA_KEY_H

#include <openssl/types.h>

#include "crypto/rsa/rsa_key.h"

/* From a key that was checked: n, e, d, p, q, dp, dq, qinv belong together. NULL: no class fits its
 * primes, e has more than 64 bits, or out of memory: such a key stays with the library. */
struct lk_rsa_key *lk_rsa_key_new(const RSA *rsa);
void lk_rsa_key_free(struct lk_rsa_key *key);

#endif
