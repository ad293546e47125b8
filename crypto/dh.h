/* dh: the ten finite-field groups that are served; judges a server's share of one, and the proof
 * that somebody owns it. All are of safe primes p = 2q + 1 with the generator 2, which generates
 * the subgroup of order q; p comes from libcrypto. What is judged is public; time varies.
 * Owner one thread: it holds scratch numbers. Allocates (libcrypto).
 * Source  RFC 7919 appendix A · RFC 3526 3 to 7 · lurk-split.md 4 */
#ifndef LK_CRYPTO_DH_H
#define LK_CRYPTO_DH_H

#include <openssl/bn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"

#define LK_DH_GROUP_COUNT 10

struct lk_dh_group {
    BIGNUM *p, *q;
    BN_MONT_CTX *mont; /* of p */
    size_t bytes;      /* of p; its first byte is not zero */
    uint8_t p_bytes[LK_DH_BYTES_MAX];
};

struct lk_dh {
    struct lk_dh_group group[LK_DH_GROUP_COUNT]; /* ffdhe2048 to 8192, then MODP 14 to 18 */
    BN_CTX *ctx;
};

/* NULL: out of memory, or a libcrypto without one of the groups. */
struct lk_dh *lk_dh_new(void);
void lk_dh_free(struct lk_dh *dh);

/* The group whose p and g are these, byte for byte: no leading zeros. NULL: none. */
const struct lk_dh_group *lk_dh_find(const struct lk_dh *dh, const uint8_t *p, size_t p_bytes,
                                     const uint8_t *g, size_t g_bytes);

/* 2 <= y <= p - 2 and y^q = 1 mod p; y is big-endian, of up to group->bytes. */
bool lk_dh_public_good(const struct lk_dh *dh, const struct lk_dh_group *group, const uint8_t *y,
                       size_t y_bytes);

/* g^r y^c = V mod p and r < q, of a y that is good.
 * In  V[bytes], r[bytes], c[c_bytes], big-endian */
struct lk_dh_proof {
    const uint8_t *y, *v, *r, *c;
    size_t y_bytes, c_bytes;
};
bool lk_dh_proof_good(const struct lk_dh *dh, const struct lk_dh_group *group,
                      const struct lk_dh_proof *proof);

#endif
