/* share: ECDHE shares and the client's half of the proof of ownership. Both scalars are drawn
 * before the run and used for many requests: two proofs with one v give b away, which harms nobody
 * here and leaves one hash and one multiplication modulo q for each request. Shares nothing with
 * crypto/poo_prove.h, so that the server is not measured against its own arithmetic.
 * Source lurk-tls12.md 6, 7 (RFC 8235). Thread draw: main; prove: any, after the group's first
 * draw. */
#ifndef LK_TOOLS_BENCH_SHARE_H
#define LK_TOOLS_BENCH_SHARE_H

#include "tools/lurk-bench/exchange.h"

/* scalar[scalar_bytes] random, big-endian, clamped on x25519 and x448; point[point_bytes] :=
 * [scalar]G. */
bool lk_bench_share_draw(const struct lk_group_row *group, uint8_t *scalar, uint8_t *point);

/* Writes r into a fresh ecdhe request that carries bG and vG of its template. */
bool lk_bench_share_prove(const struct lk_bench_template *from, uint8_t *message);

#endif
