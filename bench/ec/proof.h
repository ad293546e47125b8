/* proof: proofs of ownership over P-256 and P-384 with challenges of 16 bytes, each another key's,
 * judged by the library's row and by the kernel's. Owner the caller. Thread one, pinned. */
#ifndef LK_BENCH_EC_PROOF_H
#define LK_BENCH_EC_PROOF_H

#include "bench/figures.h"
#include "crypto/crypto.h"

/* Figures `poo_p256/...`, `poo_p384/...`, `poo_x25519/...` and their ratios. False: a verdict was
 * wrong. */
bool lk_proof_measure(struct lk_figures *figures, const struct lk_options *options,
                      const struct lk_kernels *kernels, struct lk_engine_work *work);

#endif
