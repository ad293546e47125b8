/* prover: proofs of ownership for the TLS library's own ephemeral keys. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "core/exec/poo.h"
#include "crypto/ct.h"
#include "crypto/dh_prove.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_prove.h"
#include "tools/liblurk/ecdhe.h"
#include "tools/liblurk/fields.h"
#include "tools/liblurk/lurk.h"

_Static_assert(LURK_POINT_BYTES_MAX == LK_POO_POINT_BYTES_MAX &&
                   LURK_SCALAR_BYTES_MAX == LK_POO_SCALAR_BYTES_MAX &&
                   LURK_DH_BYTES_MAX == LK_DH_BYTES_MAX,
               "the installed header and the curves agree");

struct lurk_prover {
    OSSL_LIB_CTX *library;
    struct lk_poo_prover *group[LK_POO_CURVE_COUNT]; /* made when first asked for */
    struct lk_dh_prover *dh;                         /* the same */
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
    lk_dh_prover_free(prover->dh);
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

/* --- DHE ------------------------------------------------------------------------------------ */

/* The group of the request, whose share b belongs to. */
static int dh_open(struct lurk_prover *prover, const struct lk_split_sign_ske *request,
                   struct lk_bytes b, const struct lk_dh_group **group)
{
    uint8_t own[LURK_DH_BYTES_MAX];
    struct lk_bytes share = request->share;
    if (prover->dh == NULL) prover->dh = lk_dh_prover_new();
    if (prover->dh == NULL) return LURK_ERR_CRYPTO;
    *group = lk_dh_find(lk_dh_prover_groups(prover->dh), request->p.data, request->p.len,
                        request->g.data, request->g.len);
    if (*group == NULL || b.data == NULL || b.len > (*group)->bytes) return LURK_ERR_ARGUMENT;
    if (share.len > (*group)->bytes || !lk_dh_key_public(prover->dh, *group, b.data, b.len, own))
        return LURK_ERR_SHARE;
    uint8_t excess = 0; /* a share may come without its leading zeros */
    for (size_t i = 0; i < (*group)->bytes - share.len; i++)
        excess |= own[i];
    bool fits = excess == 0 &&
                lk_ct_equal(own + (*group)->bytes - share.len, share.data, share.len);
    LK_WIPE(own);
    return fits ? LURK_OK : LURK_ERR_SHARE;
}

/* v and V, c over both, r: v lies in the place of r until then. */
static int dh_answer(struct lurk_prover *prover, struct lk_split_sign_ske *request,
                     const struct lk_dh_group *group, struct lk_bytes b,
                     struct lurk_dh_proof *proof)
{
    uint8_t c[LK_SHA256_BYTES];
    proof->prf = request->poo_prf;
    proof->len = (uint16_t)group->bytes;
    if (!lk_dh_commit(prover->dh, group, proof->r, proof->v)) {
        LK_WIPE(proof->r);
        return LURK_ERR_CRYPTO;
    }
    request->poo_point = lk_bytes_of(proof->v, proof->len);
    size_t c_bytes = lk_poo_challenge_split(request, c);
    lk_dh_answer(prover->dh, group, b.data, b.len, proof->r, c, c_bytes, proof->r);
    return LURK_OK;
}

int lurk_split_sign_ske_prove_dhe(struct lurk_prover *prover,
                                  const struct lurk_split_sign_ske *request, enum lurk_poo_prf prf,
                                  struct lurk_bytes b, struct lurk_dh_proof *proof)
{
    struct lurk_split_sign_ske own;
    struct lk_split_sign_ske written;
    const struct lk_dh_group *group;
    if (!LK_FIELDS_TAKE(own, request) || own.kx != LURK_KX_DHE || proof == NULL ||
        proof->size < sizeof *proof || !lk_ecdhe_split_request(&own, &written) ||
        (prf != LURK_POO_SHA256_128 && prf != LURK_POO_SHA256_256))
        return LURK_ERR_ARGUMENT;
    written.poo_prf = (uint8_t)prf;
    int fault = dh_open(prover, &written, lk_bytes_in(b), &group);
    if (fault == LURK_OK) fault = dh_answer(prover, &written, group, lk_bytes_in(b), proof);
    LK_WIPE(own); /* S */
    return fault;
}
