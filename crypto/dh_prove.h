/* dh_prove: the client's half of the proof of ownership in the groups of dh.h: for liblurk and for
 * tests. b, v and r are big-endian; b and v are secret.
 * Owner one thread: it holds scratch numbers, wiped after each use. Allocates (libcrypto).
 * Time of secrets: of g^b and g^v as far as libcrypto's BN_mod_exp_mont_consttime is constant,
 * which tells their length in words; of v - b c constant. Source lurk-split.md 4. */
#ifndef LK_CRYPTO_DH_PROVE_H
#define LK_CRYPTO_DH_PROVE_H

#include "crypto/dh.h"

struct lk_dh_prover;

/* NULL: out of memory, or a libcrypto without one of the groups. */
struct lk_dh_prover *lk_dh_prover_new(void);
void lk_dh_prover_free(struct lk_dh_prover *prover);
/* Its groups, for lk_dh_find. */
const struct lk_dh *lk_dh_prover_groups(const struct lk_dh_prover *prover);

/* public[group->bytes] := g^b mod p. False: b is not in 1..q-1, or longer than p. */
bool lk_dh_key_public(struct lk_dh_prover *prover, const struct lk_dh_group *group,
                      const uint8_t *b, size_t b_bytes, uint8_t *public);
/* A fresh v in 1..q-1 and V = g^v, group->bytes each. A v is for one answer only: two answers with
 * one v give b away. False: no random bytes, or no memory. */
bool lk_dh_commit(struct lk_dh_prover *prover, const struct lk_dh_group *group, uint8_t *v,
                  uint8_t *public);
/* r[group->bytes] := v - b c mod q, of a b that lk_dh_key_public took; c of up to 32 bytes.
 * Alias  r may be v. */
void lk_dh_answer(struct lk_dh_prover *prover, const struct lk_dh_group *group, const uint8_t *b,
                  size_t b_bytes, const uint8_t *v, const uint8_t *c, size_t c_bytes, uint8_t *r);

#endif
