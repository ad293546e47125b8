/* engine_poo_batch: the rows of proofs of ownership over P-256, P-384 and X25519. Proofs are judged
 * together by a kernel (ec/poo_kernel.h); a few of those that it does not accept go to the library,
 * so that a kernel that is wrong is found out, and costs no more peers their handshakes from then
 * on.
 * Thread and errors as crypto.h says of rows. */
#ifndef LK_CRYPTO_ENGINE_POO_BATCH_H
#define LK_CRYPTO_ENGINE_POO_BATCH_H

#include "crypto/crypto.h"
#include "crypto/engine_work.h"

/* Lanes of one call, refused or undecided, that the library looks at again. All are as soon as the
 * library thought otherwise. */
#define LK_POO_LOOKS 2

/* The rows by kernels of AVX-512 IFMA, and by the portable model, which only tests run: it is
 * slower than the library. */
extern const struct lk_kernel lk_poo_p256_row_ifma;
extern const struct lk_kernel lk_poo_p256_row_ref;
extern const struct lk_kernel lk_poo_p384_row_ifma;
extern const struct lk_kernel lk_poo_p384_row_ref;
extern const struct lk_kernel lk_poo_x25519_row_ifma;
extern const struct lk_kernel lk_poo_x25519_row_ref;

/* What a batch needs around the kernel, in a work of lk_engine_work_new; false: out of memory. */
bool lk_poo_work_init(struct lk_engine_work *work);
void lk_poo_work_fini(struct lk_engine_work *work);

#endif
