/* poo: the challenge of a proof of ownership, the non-interactive Schnorr proof of RFC 8235 as
 * lurk-tls12.md 7 lays it out. Whether the proof holds is for a kernel row.
 * Stateless. Everything here is public. Thread any. */
#ifndef LK_CORE_EXEC_POO_H
#define LK_CORE_EXEC_POO_H

#include "core/wire/split.h"
#include "crypto/hash.h"

/* c := the challenge of a request that lk_tls12_ecdhe_parse took, with poo_prf not 0; big-endian.
 * Returns its length, 16 or 32. */
size_t lk_poo_challenge(const struct lk_tls12_ecdhe *request, uint8_t c[LK_SHA256_BYTES]);
/* The same of a sign_ske (lurk-split.md 4). Of kx dhe p has at most LK_DH_BYTES_MAX bytes, and g,
 * Ys and V have no more than p. */
size_t lk_poo_challenge_split(const struct lk_split_sign_ske *request, uint8_t c[LK_SHA256_BYTES]);

#endif
