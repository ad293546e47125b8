/* poo: judges a proof of ownership, [r]G + [c]bG = vG (lurk-tls12.md 7). Everything it reads is
 * public; time varies. Thread the curve's. */
#ifndef LK_CRYPTO_POO_H
#define LK_CRYPTO_POO_H

#include "crypto/crypto.h"
#include "crypto/poo_curve.h"

/* Reads in, poo_point, poo_r, poo_challenge; sets point_bad. */
bool lk_poo_good(const struct lk_poo_curve *curve, struct lk_operand *operand);

#endif
