/* engine_ec_batch: the rows of P-256 and P-384 signatures. A batch goes through a kernel together
 * (ec/ec_kernel.h), which checks each signature; a wrong one is made again by the library, and
 * checked (I6). Nonces  512 bits of HMAC-SHA-256 under a secret of the key, over the digest, 32
 * fresh random bytes and the lane's number, modulo n. Without random bytes no lane is good (T5).
 * Thread and errors as crypto.h says of rows. */
#ifndef LK_CRYPTO_ENGINE_EC_BATCH_H
#define LK_CRYPTO_ENGINE_EC_BATCH_H

#include "crypto/crypto.h"
#include "crypto/engine_work.h"

/* The rows by kernels of AVX-512 IFMA, and by the portable models, which only tests run: these are
 * slower than the library. */
extern const struct lk_kernel lk_p256_row_ifma, lk_p384_row_ifma;
extern const struct lk_kernel lk_p256_row_ref, lk_p384_row_ref;

/* What a batch needs around the kernel, in a work of lk_engine_work_new; false: out of memory. */
bool lk_ec_work_init(struct lk_engine_work *work);
void lk_ec_work_fini(struct lk_engine_work *work);

#endif
