#include "crypto/engine_rsa.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>

/* The RSA object itself is marked deprecated. Under the EVP face the same code runs, behind a
 * provider context per call that this path does not need. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct lk_rsa_private {
    RSA *rsa;
    RSA_METHOD *method; /* the library's, but for the step between blinding and unblinding */
    BN_MONT_CTX *p, *q;
};

/* --- copies of keys ------------------------------------------------------------------------- */

/* n, e, d of `from`, which `to` then owns. */
static bool copy_key(RSA *to, const RSA *from)
{
    const BIGNUM *n, *e, *d;
    RSA_get0_key(from, &n, &e, &d);
    BIGNUM *n2 = BN_dup(n), *e2 = BN_dup(e), *d2 = BN_dup(d);
    if (n2 != NULL && e2 != NULL && d2 != NULL && RSA_set0_key(to, n2, e2, d2) == 1) return true;
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

/* --- the operation -------------------------------------------------------------------------- */

/* result = mq + q (qinv (mp - mq) mod p) */
static bool recombine(BIGNUM *result, BIGNUM *mp, const BIGNUM *mq, const RSA *rsa, BN_CTX *ctx)
{
    const BIGNUM *p, *q, *qinv;
    RSA_get0_factors(rsa, &p, &q);
    RSA_get0_crt_params(rsa, NULL, NULL, &qinv);
    return BN_mod_sub(mp, mp, mq, p, ctx) && BN_mod_mul(mp, mp, qinv, p, ctx) &&
           BN_mul(result, mp, q, ctx) && BN_add(result, result, mq);
}

/* result = c^d mod n for the library, which has blinded c and takes the blinding off again: what is
 * computed here is random to an onlooker. The library's own step would end in a check that is made
 * again, over the unblinded result, by our caller. */
static int raise_by_crt(BIGNUM *result, const BIGNUM *c, RSA *rsa, BN_CTX *ctx)
{
    const struct lk_rsa_private *private = RSA_get_app_data(rsa);
    const BIGNUM *p, *q, *dp, *dq;
    RSA_get0_factors(rsa, &p, &q);
    RSA_get0_crt_params(rsa, &dp, &dq, NULL);
    BN_CTX_start(ctx);
    BIGNUM *mp = BN_CTX_get(ctx), *mq = BN_CTX_get(ctx);
    bool good = mq != NULL && BN_mod(mp, c, p, ctx) && BN_mod(mq, c, q, ctx) &&
                BN_mod_exp_mont_consttime_x2(mp, mp, dp, p, private->p, mq, mq, dq, q, private->q,
                                             ctx) == 1 &&
                recombine(result, mp, mq, rsa, ctx);
    BN_CTX_end(ctx);
    return good;
}

static bool take_method(struct lk_rsa_private *private)
{
    const BIGNUM *p, *q;
    RSA_get0_factors(private->rsa, &p, &q);
    private->method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    private->p = BN_MONT_CTX_new();
    private->q = BN_MONT_CTX_new();
    BN_CTX *ctx = BN_CTX_new();
    bool good = private->method != NULL && private->p != NULL && private->q != NULL &&
                ctx != NULL && BN_MONT_CTX_set(private->p, p, ctx) &&
                BN_MONT_CTX_set(private->q, q, ctx) &&
                RSA_meth_set_mod_exp(private->method, raise_by_crt) == 1 &&
                RSA_set_method(private->rsa, private->method) == 1 &&
                RSA_set_app_data(private->rsa, private) == 1;
    BN_CTX_free(ctx);
    return good;
}

struct lk_rsa_private *lk_rsa_private_new(const RSA *rsa)
{
    struct lk_rsa_private *private = calloc(1, sizeof *private);
    if (private == NULL) return NULL;
    private->rsa = RSA_new();
    if (private->rsa != NULL && copy_key(private->rsa, rsa) && copy_crt(private->rsa, rsa) &&
        take_method(private))
        return private;
    lk_rsa_private_free(private);
    ERR_clear_error();
    return NULL;
}

void lk_rsa_private_free(struct lk_rsa_private *private)
{
    if (private == NULL) return;
    RSA_free(private->rsa);
    RSA_meth_free(private->method);
    BN_MONT_CTX_free(private->p);
    BN_MONT_CTX_free(private->q);
    free(private);
}

static bool run(RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    if (RSA_private_decrypt((int)k, c, out, rsa, RSA_NO_PADDING) == (int)k) return true;
    ERR_clear_error();
    return false;
}

bool lk_rsa_private_raw(struct lk_rsa_private *private, const uint8_t *c, uint8_t *out, size_t k)
{
    return run(private->rsa, c, out, k);
}

bool lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    RSA *plain = RSA_new(); /* made anew: only a fault brings anyone here */
    bool good = plain != NULL && copy_key(plain, rsa) && run(plain, c, out, k);
    RSA_free(plain);
    return good;
}

void lk_rsa_private_hand_over(struct lk_rsa_private *private)
{
    RSA_blinding_off(private->rsa);
    RSA_clear_flags(private->rsa, RSA_FLAG_NO_BLINDING);
}
