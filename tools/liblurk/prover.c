/* prover: proofs of ownership for the TLS library's own ephemeral keys. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec/poo.h"
#include "crypto/ct.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_prove.h"
#include "tools/liblurk/ecdhe.h"
#include "tools/liblurk/fields.h"
#include "tools/liblurk/lurk.h"

_Static_assert(LURK_POINT_BYTES_MAX == LK_POO_POINT_BYTES_MAX &&
                   LURK_SCALAR_BYTES_MAX == LK_POO_SCALAR_BYTES_MAX,
               "the installed header and the curves agree");

struct lurk_prover {
    OSSL_LIB_CTX *library;
    struct lk_poo_prover *group[LK_POO_CURVE_COUNT]; /* made when first asked for */
};

struct lurk_prover *lurk_prover_new(void)
{
    struct lurk_prover *prover = calloc(1, sizeof *prover);
    if (prover == NULL) return NULL;
    prover->library = OSSL_LIB_CTX_new();
    if (prover->library != NULL) return prover;
    free(prover);
    return NULL;
}

void lurk_prover_free(struct lurk_prover *prover)
{
    if (prover == NULL) return;
    for (unsigned i = 0; i < LK_POO_CURVE_COUNT; i++)
        lk_poo_prover_free(prover->group[i]);
    OSSL_LIB_CTX_free(prover->library);
    free(prover);
}

static struct lk_poo_prover *group_get(struct lurk_prover *prover, uint16_t group)
{
    unsigned row = lk_poo_curve_find(group);
    if (row == LK_POO_CURVE_COUNT) return NULL;
    if (prover->group[row] == NULL) prover->group[row] = lk_poo_prover_new(group, prover->library);
    return prover->group[row];
}

/* scalar := b, where b belongs to point. On an error scalar holds nothing. */
static int share_take(struct lk_poo_prover *curve, struct lk_bytes b, struct lk_bytes point,
                      uint8_t scalar[LURK_SCALAR_BYTES_MAX])
{
    uint8_t own[LURK_POINT_BYTES_MAX];
    bool fits = lk_poo_key_take(curve, b.data, scalar) && lk_poo_key_public(curve, b.data, own) &&
                lk_ct_equal(own, point.data, point.len);
    LK_WIPE(own);
    if (fits) return LURK_OK;
    lk_wipe(scalar, LURK_SCALAR_BYTES_MAX);
    return LURK_ERR_SHARE;
}

/* The group's curve, where b and point have its lengths. */
static int share_open(struct lurk_prover *prover, uint16_t group, struct lk_bytes b,
                      struct lk_bytes point, struct lk_poo_prover **curve)
{
    const struct lk_group_row *row = lk_group_find(group);
    if (row == NULL || b.data == NULL || b.len != row->scalar_bytes || point.data == NULL ||
        point.len != row->point_bytes)
        return LURK_ERR_ARGUMENT;
    *curve = group_get(prover, group);
    return *curve != NULL ? LURK_OK : LURK_ERR_CRYPTO;
}

int lurk_share_check(struct lurk_prover *prover, uint16_t group, struct lurk_bytes b,
                     struct lurk_bytes point)
{
    uint8_t scalar[LURK_SCALAR_BYTES_MAX];
    struct lk_poo_prover *curve;
    int fault = share_open(prover, group, lk_bytes_in(b), lk_bytes_in(point), &curve);
    if (fault == LURK_OK) fault = share_take(curve, lk_bytes_in(b), lk_bytes_in(point), scalar);
    LK_WIPE(scalar);
    return fault;
}

/* A request of either extension, on its way to a proof. */
struct statement {
    uint16_t group;
    struct lk_bytes point; /* bG */
    size_t (*challenge)(struct statement *s, struct lk_bytes poo_point, uint8_t c[LK_SHA256_BYTES]);
    union {
        struct lk_tls12_ecdhe tls12;
        struct lk_split_sign_ske split;
    } of;
};

static size_t tls12_challenge(struct statement *s, struct lk_bytes poo_point,
                              uint8_t c[LK_SHA256_BYTES])
{
    s->of.tls12.poo_point = poo_point;
    return lk_poo_challenge(&s->of.tls12, c);
}

static size_t split_challenge(struct statement *s, struct lk_bytes poo_point,
                              uint8_t c[LK_SHA256_BYTES])
{
    s->of.split.poo_point = poo_point;
    return lk_poo_challenge_split(&s->of.split, c);
}

/* v and vG, c over both, r. */
static int answer(struct lk_poo_prover *curve, struct statement *s, const uint8_t *scalar,
                  struct lurk_proof *proof)
{
    uint8_t v[LURK_SCALAR_BYTES_MAX], c[LK_SHA256_BYTES];
    proof->point_len = (uint8_t)lk_poo_prover_point_bytes(curve);
    proof->r_len = (uint8_t)lk_poo_prover_scalar_bytes(curve);
    bool drawn = lk_poo_commit(curve, v, proof->point);
    if (drawn) {
        size_t c_bytes = s->challenge(s, lk_bytes_of(proof->point, proof->point_len), c);
        lk_poo_answer(curve, scalar, v, c, c_bytes, proof->r);
    }
    LK_WIPE(v);
    return drawn ? LURK_OK : LURK_ERR_CRYPTO;
}

static int prove(struct lurk_prover *prover, struct statement *s, enum lurk_poo_prf prf,
                 struct lk_bytes b, struct lurk_proof *proof)
{
    struct lurk_proof made;
    struct lk_poo_prover *curve;
    uint8_t scalar[LURK_SCALAR_BYTES_MAX];
    if (!LK_FIELDS_TAKE(made, proof) || (prf != LURK_POO_SHA256_128 && prf != LURK_POO_SHA256_256))
        return LURK_ERR_ARGUMENT;
    int fault = share_open(prover, s->group, b, s->point, &curve);
    if (fault == LURK_OK) fault = share_take(curve, b, s->point, scalar);
    if (fault < 0) return fault;
    made.prf = (uint8_t)prf;
    fault = answer(curve, s, scalar, &made);
    LK_WIPE(scalar);
    (void)LK_FIELDS_GIVE(proof, made);
    return fault;
}

int lurk_tls12_ecdhe_prove(struct lurk_prover *prover, const struct lurk_tls12_ecdhe *request,
                           enum lurk_poo_prf prf, struct lurk_bytes b, struct lurk_proof *proof)
{
    struct lurk_tls12_ecdhe own;
    struct statement s = {.challenge = tls12_challenge};
    if (!LK_FIELDS_TAKE(own, request) || !lk_ecdhe_request(&own, &s.of.tls12))
        return LURK_ERR_ARGUMENT;
    s.of.tls12.poo_prf = (uint8_t)prf;
    s.group = s.of.tls12.group;
    s.point = s.of.tls12.point;
    int fault = prove(prover, &s, prf, lk_bytes_in(b), proof);
    LK_WIPE(own); /* S */
    return fault;
}

int lurk_split_sign_ske_prove(struct lurk_prover *prover, const struct lurk_split_sign_ske *request,
                              enum lurk_poo_prf prf, struct lurk_bytes b, struct lurk_proof *proof)
{
    struct lurk_split_sign_ske own;
    struct statement s = {.challenge = split_challenge};
    if (!LK_FIELDS_TAKE(own, request) || own.kx != LURK_KX_ECDHE ||
        !lk_ecdhe_split_request(&own, &s.of.split))
        return LURK_ERR_ARGUMENT;
    s.of.split.poo_prf = (uint8_t)prf;
    s.group = s.of.split.group;
    s.point = s.of.split.share;
    int fault = prove(prover, &s, prf, lk_bytes_in(b), proof);
    LK_WIPE(own); /* S */
    return fault;
}
