/* share: key agreement over Curve25519, P-256 and P-384, by the library's EVP face, by its row and
 * by the kernels' rows: a fresh key, its share and the secret it has with a peer's; and the secret
 * alone, with a key that is there. A peer's share is taken in anew each time by the rows, and is
 * ready for EVP.
 * Owner the caller. Thread one, pinned. */
#ifndef LK_BENCH_EC_SHARE_H
#define LK_BENCH_EC_SHARE_H

#include "bench/figures.h"
#include "crypto/crypto.h"

/* Figures `share_GROUP/...`, `derive_GROUP/...` and their ratios. False: a result was wrong. */
bool lk_share_measure(struct lk_figures *figures, const struct lk_options *options,
                      const struct lk_kernels *kernels, struct lk_engine_work *work);

#endif
