/* engine_p256_key: a P-256 key turned into what the kernels work with.
 * Thread the control thread, at load. Allocates (libcrypto, and the key). */
#ifndef LK_CRYPTO_ENGINE_P256_KEY_H
#define LK_CRYPTO_ENGINE_P256_KEY_H

#include <openssl/types.h>

#include "crypto/ec/p256_key.h"

/* From a key that was checked: 0 < d < n. NULL: another curve, or out of memory: such a key stays
 * with the library. */
struct lk_p256_key *lk_p256_key_new(const EC_KEY *ec);
void lk_p256_key_free(struct lk_p256_key *key);

#endif
