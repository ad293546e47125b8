/* poo_scalar: the prover's arithmetic modulo the order q of a group, on secret numbers: v - b c and
 * whether a drawn number is below q. Numbers are big-endian, `width` bytes, as on the wire.
 * q, c and lengths are public; neither time nor memory accesses depend on b, v or the result.
 * Allocates nothing; locals are wiped. Thread any. Source lurk-tls12.md 7 (RFC 8235 2.2). */
#ifndef LK_CRYPTO_POO_SCALAR_H
#define LK_CRYPTO_POO_SCALAR_H

#include <stddef.h>
#include <stdint.h>

/* All ones when 1 <= x < q, else zero. width is at most LK_POO_SCALAR_BYTES_MAX. */
uint32_t lk_poo_scalar_in_range(const uint8_t *x, const uint8_t *q, size_t width);

/* r := v - b c mod q.
 * In  b < 8 q, as clamped keys of x25519 and x448 are · v < q · c[c_bytes]
 * Alias  r may be any of them. */
void lk_poo_scalar_response(const uint8_t *q, size_t width, const uint8_t *b, const uint8_t *v,
                            const uint8_t *c, size_t c_bytes, uint8_t *r);

/* out := k mod q, or its negative where negative is all ones; never 0.
 * In  k < 8 q, not 0 mod q · negative 0 or ~0, secret too
 * Alias  out may be k. */
void lk_poo_scalar_fold(const uint8_t *q, size_t width, const uint8_t *k, uint32_t negative,
                        uint8_t *out);

#endif
