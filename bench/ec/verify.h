/* verify: an ECDSA signature over P-256 and P-384 checked as an edge checks what a key server sends
 * it: by libcrypto from the message on, and by this CPU's lanes, of one key. Owner the caller.
 * Thread one, pinned. */
#ifndef LK_BENCH_EC_VERIFY_H
#define LK_BENCH_EC_VERIFY_H

#include "bench/figures.h"

/* Figures `verify_p256/...`, `verify_p384/...`, their ratio and the time that a key is prepared in.
 * False: a verdict was wrong. */
bool lk_verify_measure(struct lk_figures *figures, const struct lk_options *options);

#endif
