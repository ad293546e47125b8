#include "crypto/dh_prove.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/ct.h"
#include "crypto/mont.h"
#include "crypto/rng.h"

#define GENERATOR 2

struct lk_dh_prover {
    struct lk_dh *dh;
    struct lk_rng rng;
    uint64_t modulus[2 * LK_MONT_LIMBS_MAX]; /* q and its R^2 */
    uint64_t b[LK_MONT_LIMBS_MAX], c[LK_MONT_LIMBS_MAX], v[LK_MONT_LIMBS_MAX]; /* secret */
};

_Static_assert(8 * LK_MONT_LIMBS_MAX == LK_DH_BYTES_MAX, "the largest q fits");

struct lk_dh_prover *lk_dh_prover_new(void)
{
    struct lk_dh_prover *prover = calloc(1, sizeof *prover);
    if (prover == NULL) return NULL;
    lk_rng_init(&prover->rng);
    prover->dh = lk_dh_new();
    if (prover->dh != NULL) return prover;
    free(prover);
    return NULL;
}

void lk_dh_prover_free(struct lk_dh_prover *prover)
{
    if (prover == NULL) return;
    lk_dh_free(prover->dh);
    LK_WIPE(*prover);
    free(prover);
}

const struct lk_dh *lk_dh_prover_groups(const struct lk_dh_prover *prover)
{
    return prover->dh;
}

/* q = (p - 1) / 2 is as wide as p in limbs, since p begins with 64 ones. */
static struct lk_mont modulus_take(struct lk_dh_prover *prover, const struct lk_dh_group *group)
{
    struct lk_mont mont;
    uint8_t q[LK_DH_BYTES_MAX];
    BN_bn2binpad(group->q, q, (int)group->bytes);
    lk_mont_init(&mont, q, group->bytes, prover->modulus);
    return mont;
}

/* 1 <= x < q; whether it is so is public. number := x. */
static bool exponent_take(const struct lk_mont *q, uint64_t *number, const uint8_t *x, size_t len)
{
    if (len > 8 * q->limbs) return false;
    lk_mont_load(q, number, x, len);
    return lk_mont_in_range(q, number);
}

static bool power_write(const struct lk_dh *dh, const struct lk_dh_group *group,
                        const uint8_t *exponent, size_t len, uint8_t *power)
{
    BIGNUM *x = BN_secure_new(), *out = BN_new(), *base = BN_new();
    bool good = x != NULL && out != NULL && base != NULL && BN_set_word(base, GENERATOR) == 1;
    if (good) BN_set_flags(x, BN_FLG_CONSTTIME);
    good = good && BN_bin2bn(exponent, (int)len, x) != NULL &&
           BN_mod_exp_mont_consttime(out, base, x, group->p, dh->ctx, group->mont) == 1 &&
           BN_bn2binpad(out, power, (int)group->bytes) == (int)group->bytes;
    BN_clear_free(x);
    BN_free(out);
    BN_free(base);
    if (!good) ERR_clear_error();
    return good;
}

bool lk_dh_key_public(struct lk_dh_prover *prover, const struct lk_dh_group *group,
                      const uint8_t *b, size_t b_bytes, uint8_t *public)
{
    struct lk_mont q = modulus_take(prover, group);
    bool good = exponent_take(&q, prover->b, b, b_bytes) &&
                power_write(prover->dh, group, b, b_bytes, public);
    LK_WIPE(prover->b);
    return good;
}

bool lk_dh_commit(struct lk_dh_prover *prover, const struct lk_dh_group *group, uint8_t *v,
                  uint8_t *public)
{
    struct lk_mont q = modulus_take(prover, group);
    bool drawn = false;
    do { /* what is thrown away tells nothing about what is kept */
        if (!lk_rng_bytes(&prover->rng, v, group->bytes)) break;
        v[0] &= 0x7f; /* q has a bit less than p */
        drawn = exponent_take(&q, prover->v, v, group->bytes);
    } while (!drawn);
    LK_WIPE(prover->v);
    return drawn && power_write(prover->dh, group, v, group->bytes, public);
}

void lk_dh_answer(struct lk_dh_prover *prover, const struct lk_dh_group *group, const uint8_t *b,
                  size_t b_bytes, const uint8_t *v, const uint8_t *c, size_t c_bytes, uint8_t *r)
{
    struct lk_mont q = modulus_take(prover, group);
    lk_mont_load(&q, prover->b, b, b_bytes);
    lk_mont_load(&q, prover->c, c, c_bytes);
    lk_mont_load(&q, prover->v, v, group->bytes);
    lk_mont_mul(&q, prover->b, prover->b, prover->c); /* b c / R */
    lk_mont_mul(&q, prover->b, prover->b, q.rr);      /* b c */
    lk_mont_sub(&q, prover->v, prover->v, prover->b);
    for (size_t i = 0; i < group->bytes; i++)
        r[group->bytes - 1 - i] = (uint8_t)(prover->v[i / 8] >> (8 * (i % 8)));
    LK_WIPE(prover->b);
    LK_WIPE(prover->v);
}
