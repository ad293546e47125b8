/* poo_prove: the client's half of the proof of ownership, and the ephemeral key it is about: for
 * liblurk, the self-test at start and tests (lurk-bench has a prover of its own). Scalars are
 * big-endian, lk_poo_scalar_bytes wide, and secret. Owner one thread: a prover holds scratch
 * numbers. Allocates (libcrypto). Time of secrets: constant; of [v]G and [b]G as far as libcrypto's
 * scalar multiplication and BN_FLG_CONSTTIME are. Source lurk-tls12.md 7. */
#ifndef LK_CRYPTO_POO_PROVE_H
#define LK_CRYPTO_POO_PROVE_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_poo_prover;

/* library: libcrypto's context for scratch numbers and blinding; NULL: the default one, which
 * carries whatever random source the program configured. NULL: not one of the five groups, or out
 * of memory. */
struct lk_poo_prover *lk_poo_prover_new(uint16_t group, OSSL_LIB_CTX *library);
void lk_poo_prover_free(struct lk_poo_prover *prover);
size_t lk_poo_prover_point_bytes(const struct lk_poo_prover *prover);
size_t lk_poo_prover_scalar_bytes(const struct lk_poo_prover *prover);

/* A fresh ephemeral ECDHE key: b (clamped for x25519, x448) and bG as TLS sends it. */
bool lk_poo_key_make(struct lk_poo_prover *prover, uint8_t *b, uint8_t *point);
/* scalar := the private key of an ephemeral share as TLS libraries keep it: x25519, x448: the bytes
 * of RFC 7748, clamped here; others: big-endian, bits above the order's length ignored. False: no
 * private key of the group (0, or q and more). */
bool lk_poo_key_take(const struct lk_poo_prover *prover, const uint8_t *key, uint8_t *scalar);
/* Its public point in wire form; for x25519 and x448 by libcrypto's own code for them, which takes
 * a tenth of the time of lk_poo_multiply. False: no private key of the group. */
bool lk_poo_key_public(struct lk_poo_prover *prover, const uint8_t *key, uint8_t *point);
/* A fresh v in 1..q-1 and vG. A v is for one answer only: two answers with one v give b away. */
bool lk_poo_commit(struct lk_poo_prover *prover, uint8_t *v, uint8_t *point);
/* [scalar]G in wire form; scalar is not 0 mod q. */
bool lk_poo_multiply(struct lk_poo_prover *prover, const uint8_t *scalar, uint8_t *point);
/* r := v - b c mod q. */
void lk_poo_answer(const struct lk_poo_prover *prover, const uint8_t *b, const uint8_t *v,
                   const uint8_t *c, size_t c_bytes, uint8_t *r);

#endif
