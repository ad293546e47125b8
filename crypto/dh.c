#include "crypto/dh.h"

#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

/* struct DH is marked deprecated; its tables of named groups have no other face that gives q. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define GENERATOR 2

static const int names[LK_DH_GROUP_COUNT] = {
    NID_ffdhe2048, NID_ffdhe3072, NID_ffdhe4096, NID_ffdhe6144, NID_ffdhe8192,
    NID_modp_2048, NID_modp_3072, NID_modp_4096, NID_modp_6144, NID_modp_8192};

static bool group_take(struct lk_dh_group *group, const DH *named, BN_CTX *ctx)
{
    const BIGNUM *p = DH_get0_p(named), *q = DH_get0_q(named), *g = DH_get0_g(named);
    if (p == NULL || q == NULL || g == NULL || !BN_is_word(g, GENERATOR)) return false;
    group->bytes = (size_t)BN_num_bytes(p);
    group->p = BN_dup(p);
    group->q = BN_dup(q);
    group->mont = BN_MONT_CTX_new();
    return group->bytes <= sizeof group->p_bytes && group->p != NULL && group->q != NULL &&
           group->mont != NULL && BN_MONT_CTX_set(group->mont, p, ctx) == 1 &&
           BN_bn2bin(p, group->p_bytes) == (int)group->bytes;
}

struct lk_dh *lk_dh_new(void)
{
    struct lk_dh *dh = calloc(1, sizeof *dh);
    if (dh == NULL) return NULL;
    dh->ctx = BN_CTX_new();
    bool good = dh->ctx != NULL;
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT && good; i++) {
        DH *named = DH_new_by_nid(names[i]);
        good = named != NULL && group_take(&dh->group[i], named, dh->ctx);
        DH_free(named);
    }
    if (good) return dh;
    lk_dh_free(dh);
    ERR_clear_error();
    return NULL;
}

void lk_dh_free(struct lk_dh *dh)
{
    if (dh == NULL) return;
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++) {
        BN_free(dh->group[i].p);
        BN_free(dh->group[i].q);
        BN_MONT_CTX_free(dh->group[i].mont);
    }
    BN_CTX_free(dh->ctx);
    free(dh);
}

const struct lk_dh_group *lk_dh_find(const struct lk_dh *dh, const uint8_t *p, size_t p_bytes,
                                     const uint8_t *g, size_t g_bytes)
{
    if (g_bytes != 1 || g[0] != GENERATOR) return NULL;
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++) {
        const struct lk_dh_group *group = &dh->group[i];
        if (group->bytes == p_bytes && memcmp(group->p_bytes, p, p_bytes) == 0) return group;
    }
    return NULL;
}

/* y^q = 1 says that y is a square (Euler's criterion), which Jacobi's symbol tells in a hundredth
 * of the time. */
static bool is_of_order_q(const struct lk_dh *dh, const struct lk_dh_group *group, const BIGNUM *y)
{
    return BN_kronecker(y, group->p, dh->ctx) == 1;
}

bool lk_dh_public_good(const struct lk_dh *dh, const struct lk_dh_group *group, const uint8_t *y,
                       size_t y_bytes)
{
    if (y_bytes > group->bytes) return false;
    BN_CTX_start(dh->ctx);
    BIGNUM *number = BN_CTX_get(dh->ctx), *above = BN_CTX_get(dh->ctx);
    bool good = above != NULL && BN_bin2bn(y, (int)y_bytes, number) != NULL &&
                BN_sub(above, group->p, number) == 1 && !BN_is_negative(above) &&
                BN_num_bits(number) > 1 && BN_num_bits(above) > 1 &&
                is_of_order_q(dh, group, number);
    BN_CTX_end(dh->ctx);
    if (!good) ERR_clear_error();
    return good;
}

/* product := g^r y^c mod p. */
static bool product_make(const struct lk_dh *dh, const struct lk_dh_group *group, const BIGNUM *r,
                         const struct lk_dh_proof *proof, BIGNUM *product)
{
    BN_CTX_start(dh->ctx);
    BIGNUM *y = BN_CTX_get(dh->ctx), *c = BN_CTX_get(dh->ctx);
    bool good = c != NULL && BN_bin2bn(proof->y, (int)proof->y_bytes, y) != NULL &&
                BN_bin2bn(proof->c, (int)proof->c_bytes, c) != NULL &&
                BN_mod_exp_mont(y, y, c, group->p, dh->ctx, group->mont) == 1 &&
                BN_mod_exp_mont_word(product, GENERATOR, r, group->p, dh->ctx, group->mont) == 1 &&
                BN_mod_mul(product, product, y, group->p, dh->ctx) == 1;
    BN_CTX_end(dh->ctx);
    return good;
}

bool lk_dh_proof_good(const struct lk_dh *dh, const struct lk_dh_group *group,
                      const struct lk_dh_proof *proof)
{
    BN_CTX_start(dh->ctx);
    BIGNUM *r = BN_CTX_get(dh->ctx), *v = BN_CTX_get(dh->ctx), *product = BN_CTX_get(dh->ctx);
    bool good = product != NULL && BN_bin2bn(proof->r, (int)group->bytes, r) != NULL &&
                BN_bin2bn(proof->v, (int)group->bytes, v) != NULL && BN_cmp(r, group->q) < 0 &&
                product_make(dh, group, r, proof, product) && BN_cmp(product, v) == 0;
    BN_CTX_end(dh->ctx);
    if (!good) ERR_clear_error();
    return good;
}
