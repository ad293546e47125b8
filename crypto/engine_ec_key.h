/* engine_ec_key: a key of P-256 or P-384 turned into what the kernels work with.
 * Thread the control thread, at load. Allocates (libcrypto, and the key). */
#ifndef LK_CRYPTO_ENGINE_EC_KEY_H
#define LK_CRYPTO_ENGINE_EC_KEY_H

#include <openssl/types.h>

#include "crypto/ec/ec_key.h"

/* From a key that was checked: 0 < d < n. NULL: another curve, or out of memory: such a key stays
 * with the library. */
struct lk_ec_key *lk_ec_key_new(const EC_KEY *ec);
void lk_ec_key_free(struct lk_ec_key *key);

#endif
