/* engine_rsa: the RSA private operation over libcrypto, raw: no padding, no judgement of the result
 * (rsa_check does that, and so the library's own check of the same kind is left out here).
 * Owner one (key, worker) pair: the blinding is renewed at each call, and two threads in one object
 * would wait for each other.
 * Time constant in d and in the result as far as libcrypto's code is (blinded, CRT). */
#ifndef LK_CRYPTO_ENGINE_RSA_H
#define LK_CRYPTO_ENGINE_RSA_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_rsa_private;

/* A copy of the key that shares nothing with it. NULL: out of memory. */
struct lk_rsa_private *lk_rsa_private_new(const RSA *rsa);
void lk_rsa_private_free(struct lk_rsa_private *private);

/* out[k] := c[k]^d mod n, by CRT. c < n. out may be c. False: libcrypto refused. */
bool lk_rsa_private_raw(struct lk_rsa_private *private, const uint8_t *c, uint8_t *out, size_t k);
/* The same without CRT, three to four times slower: a fault in one half cannot show in it. */
bool lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);

/* Forgets the blinding that this thread's calls left behind, so that the next thread's is its
 * own. */
void lk_rsa_private_hand_over(struct lk_rsa_private *private);

#endif
