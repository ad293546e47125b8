/* The signature of a ServerKeyExchange: ecdhe of tls12 (lurk-tls12.md 6 and 7) and sign_ske of
 * split (lurk-split.md 4), which differ in the numbers of faults, in what flags open, and in the
 * label of the proof. */
#include <string.h>

#include "core/exec/poo.h"
#include "core/exec/run_split.h"
#include "core/exec/run_tls12.h"
#include "core/exec/sign.h"
#include "core/keys/cert_request.h"

/* --- where the two differ --------------------------------------------------------------------- */

/* Both forms are judged and signed as the first. */
struct ske_rules {
    uint8_t scheme, point, poo_prf, poo; /* statuses */
    uint16_t no_poo;                     /* the flag of the slot that opens poo_prf 0 */
    bool (*no_poo_bound)(const struct lk_key_rights *rights); /* and the key's own word */
    size_t (*challenge)(const struct lk_lane *lane, uint8_t c[LK_SHA256_BYTES]);
};

static bool poo_optional(const struct lk_key_rights *rights)
{
    return rights->poo_optional;
}

static bool unproved(const struct lk_key_rights *rights)
{
    return (rights->flags & LK_FLAG_UNPROVED) != 0;
}

static size_t challenge_tls12(const struct lk_lane *lane, uint8_t c[LK_SHA256_BYTES])
{
    return lk_poo_challenge(&lane->request.ecdhe, c);
}

static size_t challenge_split(const struct lk_lane *lane, uint8_t c[LK_SHA256_BYTES])
{
    const struct lk_tls12_ecdhe *r = &lane->request.ecdhe;
    const struct lk_split_sign_ske request = {.common = r->common,
                                              .client_random = r->client_random,
                                              .server_random = r->server_random,
                                              .sig_and_hash = r->sig_and_hash,
                                              .kx = LK_SPLIT_ECDHE,
                                              .params = r->params,
                                              .group = r->group,
                                              .share = r->point,
                                              .poo_prf = r->poo_prf,
                                              .poo_point = r->poo_point};
    return lk_poo_challenge_split(&request, c);
}

static const struct ske_rules *rules_of(const struct lk_lane *lane)
{
    static const struct ske_rules tls12 = {.scheme = LK_TLS12_INVALID_CIPHER_OR_PRF_HASH,
                                           .point = LK_TLS12_INVALID_PAYLOAD_FORMAT,
                                           .poo_prf = LK_TLS12_INVALID_POO_PRF,
                                           .poo = LK_TLS12_INVALID_POO,
                                           .no_poo = LK_SLOT_POO_OPTIONAL,
                                           .no_poo_bound = poo_optional,
                                           .challenge = challenge_tls12};
    static const struct ske_rules split = {.scheme = LK_SPLIT_INVALID_SIG_SCHEME,
                                           .point = LK_SPLIT_INVALID_PUBLIC_VALUE,
                                           .poo_prf = LK_SPLIT_INVALID_POO_PRF,
                                           .poo = LK_SPLIT_INVALID_POO,
                                           .no_poo = LK_SLOT_UNPROVED,
                                           .no_poo_bound = unproved,
                                           .challenge = challenge_split};
    return lane->exchange->id == LK_X_TLS12_ECDHE ? &tls12 : &split;
}

/* --- cut -------------------------------------------------------------------------------------- */

uint8_t lk_run_ecdhe_cut(struct lk_lane *lane)
{
    struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    uint8_t fault = lk_tls12_ecdhe_cut(lk_bytes_of(lane->job, lane->job_bytes), request);
    if (fault != 0) return fault;
    lane->common = request->common;
    lane->s = request->server_random;
    return 0;
}

uint8_t lk_run_sign_ske_cut(struct lk_lane *lane)
{
    struct lk_split_sign_ske cut;
    uint8_t fault = lk_split_sign_ske_cut(lk_bytes_of(lane->job, lane->job_bytes), &cut);
    if (fault != 0) return fault;
    lane->common = cut.common;
    lane->s = cut.common.freshness == LK_SPLIT_UNFRESH ? NULL : cut.server_random;
    lane->request.ecdhe = (struct lk_tls12_ecdhe){.common = cut.common,
                                                  .client_random = cut.client_random,
                                                  .server_random = cut.server_random,
                                                  .sig_and_hash = cut.sig_and_hash,
                                                  .params = cut.params,
                                                  .group = cut.group,
                                                  .point = cut.share,
                                                  .poo_prf = cut.poo_prf,
                                                  .poo_point = cut.poo_point,
                                                  .poo_r = cut.poo_r};
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* lurk-split.md 4 steps 1 and 2, once key and flag are judged: a random of one byte 32 times is no
 * random, and might stand for something else that is signed. */
uint8_t lk_run_sign_ske_check(struct lk_lane *lane)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    bool constant = lk_split_all_equal(lk_bytes_of(request->client_random, LK_RANDOM_BYTES)) ||
                    lk_split_all_equal(lk_bytes_of(request->server_random, LK_RANDOM_BYTES));
    LK_REQUIRE(lane->s != NULL || !constant, LK_SPLIT_INVALID_TLS_RANDOM);
    if (lane->s == NULL) memcpy(lane->fs, request->server_random, LK_RANDOM_BYTES);
    return lk_run_ecdhe_check(lane);
}

uint8_t lk_run_ecdhe_check(struct lk_lane *lane)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    lane->client_random = request->client_random;
    lane->scheme = request->sig_and_hash;
    bool proof = request->poo_prf != 0 && request->group != 0;
    lane->row = proof ? lk_poo_row(request->group) : lane->key->row;
    return lane->row < LK_ROW_COUNT ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

/* Step 7: client_random || F(S) || ecdhe_params, as RFC 8422 5.4 has the TLS server sign. The edge
 * chose the first 32 bytes: it may not have a certificate request signed by way of them. */
static uint8_t signature_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    uint8_t text[LK_TBS_BYTES_MAX];
    struct lk_writer w = lk_writer_of(text, sizeof text);
    lk_writer_put(&w, lane->client_random, LK_RANDOM_BYTES);
    lk_writer_put(&w, lane->fs, LK_RANDOM_BYTES);
    lk_writer_put(&w, request->params.data, request->params.len);
    LK_ASSERT(!w.bad);
    LK_REQUIRE(!lk_cert_request_resembles(lk_bytes_of(text, w.len)), LK_TLS12_INVALID_TLS_RANDOM);
    bool good = lk_sign_start(lane, lane->scheme, lk_bytes_of(text, w.len), rng);
    return good ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

/* Step 6. */
static void proof_start(struct lk_lane *lane)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    lane->operand = (struct lk_operand){.in = request->point.data,
                                        .in_bytes = request->point.len,
                                        .out = lane->out,
                                        .poo_point = request->poo_point.data,
                                        .poo_r = request->poo_r.data,
                                        .poo_challenge = lane->challenge};
    lane->operand.poo_challenge_bytes = rules_of(lane)->challenge(lane, lane->challenge);
}

uint8_t lk_run_ecdhe_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    const struct ske_rules *rules = rules_of(lane);
    LK_REQUIRE(lk_sign_allowed_tls12(lane, request->sig_and_hash), rules->scheme);
    LK_REQUIRE(request->group != 0, LK_SPLIT_INVALID_GROUP); /* DHE: no group is served */
    LK_REQUIRE(lk_tls12_ecdhe_judge(request) == 0, rules->point); /* step 4 */
    if (request->poo_prf != 0) { /* its points are judged by the kernel */
        proof_start(lane);
        return 0;
    }
    LK_REQUIRE(lk_group_point_good(request->group, request->point.data, request->point.len),
               rules->point);
    bool granted = (lk_lane_head(lane)->flags & rules->no_poo) != 0;
    lane->denied = granted && !rules->no_poo_bound(&lane->key->rights);
    LK_REQUIRE(granted && !lane->denied, rules->poo_prf);
    return signature_start(lane, rng);
}

bool lk_run_ecdhe_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    if (!lk_row_is_proof(lane->row)) {
        lk_lane_answer(lane, good ? LK_STATUS_SUCCESS : LK_STATUS_UNDEFINED_ERROR);
        return false;
    }
    lk_lane_answer(lane, lane->operand.point_bad ? rules_of(lane)->point : rules_of(lane)->poo);
    if (!good) return false;
    uint8_t fault = signature_start(lane, rng);
    lk_lane_answer(lane, fault);
    return fault == 0;
}

void lk_run_signature_write(const struct lk_lane *lane, struct lk_writer *w)
{
    lk_tls12_signature_write(w, lk_bytes_of(lane->out, lane->operand.out_bytes));
}
