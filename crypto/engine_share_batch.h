/* engine_share_batch: the rows of key shares that kernels make (ec/ecdh_kernel.h): a fresh key of
 * the group and the secret it has with the peer's share, many together. Private keys are drawn from
 * the system once a call, through the worker's pool (rng.h), and are nowhere when it returns;
 * without random bytes no lane is good. What a kernel finds wrong with its own result, the library
 * makes once more, with another key (I6), and two of those that it refused.
 * Thread and errors as crypto.h says of rows. */
#ifndef LK_CRYPTO_ENGINE_SHARE_BATCH_H
#define LK_CRYPTO_ENGINE_SHARE_BATCH_H

#include "crypto/crypto.h"
#include "crypto/engine_work.h"

/* The rows by kernels of AVX-512 IFMA, and by the portable model, which only tests run: it is
 * slower than the library. */
extern const struct lk_kernel lk_share_x25519_row_ifma;
extern const struct lk_kernel lk_share_x25519_row_ref;
extern const struct lk_kernel lk_share_p256_row_ifma;
extern const struct lk_kernel lk_share_p256_row_ref;
extern const struct lk_kernel lk_share_p384_row_ifma;
extern const struct lk_kernel lk_share_p384_row_ref;

/* What a batch needs around the kernel, in a work of lk_engine_work_new; false: out of memory. */
bool lk_ecdh_work_init(struct lk_engine_work *work);
void lk_ecdh_work_fini(struct lk_engine_work *work);

#endif
