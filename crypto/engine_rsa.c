#include "crypto/engine_rsa.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

/* The RSA object itself is marked deprecated. Under the EVP face the same code runs, behind a
 * provider context per call that this path does not need. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

bool lk_rsa_private_raw(RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    int got = RSA_private_decrypt((int)k, c, out, rsa, RSA_NO_PADDING);
    if (got == (int)k) return true;
    ERR_clear_error();
    return false;
}

/* n, e, d of `from`, which `to` then owns. */
static bool copy_key(RSA *to, const RSA *from)
{
    const BIGNUM *n, *e, *d;
    RSA_get0_key(from, &n, &e, &d);
    BIGNUM *n2 = BN_dup(n), *e2 = BN_dup(e), *d2 = BN_secure_new();
    bool good = n2 != NULL && e2 != NULL && d2 != NULL && BN_copy(d2, d) != NULL &&
                RSA_set0_key(to, n2, e2, d2) == 1;
    if (good) return true;
    BN_free(n2);
    BN_free(e2);
    BN_clear_free(d2);
    return false;
}

static bool copy_crt(RSA *to, const RSA *from)
{
    const BIGNUM *p, *q, *dp, *dq, *qinv;
    RSA_get0_factors(from, &p, &q);
    RSA_get0_crt_params(from, &dp, &dq, &qinv);
    BIGNUM *b[5] = {BN_dup(p), BN_dup(q), BN_dup(dp), BN_dup(dq), BN_dup(qinv)};
    bool all = b[0] && b[1] && b[2] && b[3] && b[4];
    if (all && RSA_set0_factors(to, b[0], b[1]) == 1) {
        b[0] = b[1] = NULL; /* now the object's */
        if (RSA_set0_crt_params(to, b[2], b[3], b[4]) == 1) return true;
    }
    for (int i = 0; i < 5; i++)
        BN_clear_free(b[i]);
    return false;
}

RSA *lk_rsa_copy(const RSA *rsa)
{
    RSA *copy = RSA_new();
    if (copy != NULL && copy_key(copy, rsa) && copy_crt(copy, rsa)) return copy;
    RSA_free(copy);
    ERR_clear_error();
    return NULL;
}

bool lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    RSA *plain = RSA_new(); /* made anew: only a fault brings anyone here */
    bool good = plain != NULL && copy_key(plain, rsa) && lk_rsa_private_raw(plain, c, out, k);
    RSA_free(plain);
    return good;
}

void lk_rsa_hand_over(RSA *rsa)
{
    RSA_blinding_off(rsa);
    RSA_clear_flags(rsa, RSA_FLAG_NO_BLINDING);
}
