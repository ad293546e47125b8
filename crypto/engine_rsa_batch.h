/* engine_rsa_batch: the RSA rows. A batch goes the cheapest way for its fill: lane by lane through
 * the library, or together through a kernel (rsa/rsa_kernel.h). Either way each result is checked
 * with the public key, and a wrong one is computed once more without CRT (T1).
 * Thread and errors as crypto.h says of rows. */
#ifndef LK_CRYPTO_ENGINE_RSA_BATCH_H
#define LK_CRYPTO_ENGINE_RSA_BATCH_H

#include "crypto/crypto.h"
#include "crypto/engine_work.h"
#include "crypto/rsa/rsa_key.h"

/* Any size, any number of lanes, one after another. */
uint64_t lk_rsa_run_library(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);

/* Rows 2048, 3072, 4096 by kernels of AVX-512 IFMA, and by the portable model, which
 * only tests run: it is slower than the library. */
extern const struct lk_kernel lk_rsa_rows_ifma[LK_RSA_CLASS_COUNT];
extern const struct lk_kernel lk_rsa_rows_ref[LK_RSA_CLASS_COUNT];

/* What a batch needs around the kernel, in a work of lk_engine_work_new; false: out of memory. */
bool lk_rsa_work_init(struct lk_engine_work *work);
void lk_rsa_work_fini(struct lk_engine_work *work);

#endif
