#include "crypto/poo.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>

/* Scratch of one judgement. */
struct proof {
    EC_POINT *bg, *vg, *sum;
    BIGNUM *r, *c;
};

/* A NIST point that is none is the peer's malformed field; what a Montgomery u names is part of the
 * proof itself. */
static bool read_points(const struct lk_poo_curve *curve, struct lk_operand *operand,
                        const struct proof *proof)
{
    bool signless = lk_poo_curve_signless(curve);
    bool good = operand->in_bytes == lk_poo_point_bytes(curve) &&
                lk_poo_point_read(curve, operand->in, proof->bg) &&
                (signless || lk_poo_point_read(curve, operand->poo_point, proof->vg));
    operand->point_bad = !good && !signless;
    return good;
}

static bool read_scalars(const struct lk_poo_curve *curve, const struct lk_operand *operand,
                         const struct proof *proof)
{
    return BN_bin2bn(operand->poo_r, (int)lk_poo_scalar_bytes(curve), proof->r) != NULL &&
           BN_cmp(proof->r, EC_GROUP_get0_order(curve->group)) < 0 &&
           BN_bin2bn(operand->poo_challenge, (int)operand->poo_challenge_bytes, proof->c) != NULL;
}

/* [r]G + [c]P is the point of vG. */
static bool equation_holds(const struct lk_poo_curve *curve, const struct lk_operand *operand,
                           const struct proof *proof)
{
    return EC_POINT_mul(curve->group, proof->sum, proof->r, proof->bg, proof->c, curve->ctx) == 1 &&
           lk_poo_point_is(curve, proof->sum, operand->poo_point);
}

/* bG has the prime order: a u of a small subgroup would prove nothing. */
static bool order_good(const struct lk_poo_curve *curve, const struct proof *proof)
{
    if (!lk_poo_curve_signless(curve)) return true; /* NIST groups have no other points */
    const BIGNUM *q = EC_GROUP_get0_order(curve->group);
    BN_CTX_start(curve->ctx);
    BIGNUM *zero = BN_CTX_get(curve->ctx);
    /* With a scalar for the base point, be it zero, the library takes its faster public route. */
    bool good = zero != NULL && BN_set_word(zero, 0) &&
                EC_POINT_mul(curve->group, proof->sum, zero, proof->bg, q, curve->ctx) == 1 &&
                EC_POINT_is_at_infinity(curve->group, proof->sum) == 1;
    BN_CTX_end(curve->ctx);
    return good;
}

static bool judge(const struct lk_poo_curve *curve, struct lk_operand *operand,
                  const struct proof *proof)
{
    if (!read_points(curve, operand, proof) || !read_scalars(curve, operand, proof)) return false;
    if (!order_good(curve, proof)) return false;
    if (equation_holds(curve, operand, proof)) return true;
    if (!lk_poo_curve_signless(curve)) return false;
    return EC_POINT_invert(curve->group, proof->bg, curve->ctx) == 1 &&
           equation_holds(curve, operand, proof);
}

bool lk_poo_good(const struct lk_poo_curve *curve, struct lk_operand *operand)
{
    BN_CTX_start(curve->ctx);
    struct proof proof = {EC_POINT_new(curve->group), EC_POINT_new(curve->group),
                          EC_POINT_new(curve->group), BN_CTX_get(curve->ctx),
                          BN_CTX_get(curve->ctx)};
    operand->point_bad = false;
    bool good = proof.bg != NULL && proof.vg != NULL && proof.sum != NULL && proof.c != NULL &&
                judge(curve, operand, &proof);
    EC_POINT_free(proof.bg);
    EC_POINT_free(proof.vg);
    EC_POINT_free(proof.sum);
    BN_CTX_end(curve->ctx);
    if (!good) ERR_clear_error();
    return good;
}
