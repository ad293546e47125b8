/* rsa_check: is m the e-th root of c? Asked of every RSA result before it leaves (a wrong half of a
 * CRT computation would give the factors away).
 * Owner the key; read only once made. Time depends on k and e only: m may be a secret. Thread any.
 */
#ifndef LK_CRYPTO_RSA_CHECK_H
#define LK_CRYPTO_RSA_CHECK_H

#include "crypto/mont.h"

#define LK_RSA_PUBLIC_BYTES_MAX (8 * LK_MONT_LIMBS_MAX)

struct lk_rsa_public {
    struct lk_mont mont;
    const uint8_t *n; /* [k] big-endian */
    const uint8_t *e; /* [e_bytes] big-endian, without leading zeros; borrowed */
    size_t k, e_bytes;
};

/* room[2 * lk_mont_limbs(k)], n and e are kept by pub. */
void lk_rsa_public_init(struct lk_rsa_public *pub, const uint8_t *n, size_t k, const uint8_t *e,
                        size_t e_bytes, uint64_t *room);

/* m^e = c mod n, m < n. c[k] < n. e = 65537: 17 products, 0.06 of a private operation. */
bool lk_rsa_result_good(const struct lk_rsa_public *pub, const uint8_t *m, const uint8_t *c);

#endif
