/* engine_check: is this a key that may sign and decrypt? The checks of load, each with its fault.
 * Thread the control thread, at load; under 1 ms for RSA-2048 (primality apart). */
#ifndef LK_CRYPTO_ENGINE_CHECK_H
#define LK_CRYPTO_ENGINE_CHECK_H

#include <openssl/types.h>

#include "crypto/crypto.h"

/* Sizes, two primes, e, d, and that n, p, q, d and the CRT parameters belong together. */
enum lk_key_fault lk_rsa_check(const RSA *rsa);
/* p and q are probable primes. Slow: tens of milliseconds to seconds. */
bool lk_rsa_primes_good(const RSA *rsa);
/* Private scalar in range, public half its multiple of the base point. */
enum lk_key_fault lk_ec_check(const EC_KEY *ec);

#endif
