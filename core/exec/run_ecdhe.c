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

/* Both forms are judged and signed as the second, which has all that the first has. */
struct ske_rules {
    uint8_t scheme, point, poo_prf, poo; /* statuses */
    uint16_t no_poo;                     /* the flag of the slot that opens poo_prf 0 */
    bool (*no_poo_bound)(const struct lk_key_rights *rights); /* and the key's own word */
    size_t (*challenge)(const struct lk_split_sign_ske *request, uint8_t c[LK_SHA256_BYTES]);
};

static bool poo_optional(const struct lk_key_rights *rights)
{
    return rights->poo_optional;
}

static bool unproved(const struct lk_key_rights *rights)
{
    return (rights->flags & LK_FLAG_UNPROVED) != 0;
}

static size_t challenge_tls12(const struct lk_split_sign_ske *r, uint8_t c[LK_SHA256_BYTES])
{
    const struct lk_tls12_ecdhe request = {.common = r->common,
                                           .client_random = r->client_random,
                                           .server_random = r->server_random,
                                           .sig_and_hash = r->sig_and_hash,
                                           .params = r->params,
                                           .group = r->group,
                                           .point = r->share,
                                           .poo_prf = r->poo_prf,
                                           .poo_point = r->poo_point};
    return lk_poo_challenge(&request, c);
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
                                           .challenge = lk_poo_challenge_split};
    return lane->exchange->id == LK_X_TLS12_ECDHE ? &tls12 : &split;
}

/* --- cut -------------------------------------------------------------------------------------- */

uint8_t lk_run_ecdhe_cut(struct lk_lane *lane)
{
    struct lk_tls12_ecdhe cut;
    uint8_t fault = lk_tls12_ecdhe_cut(lk_bytes_of(lane->job, lane->job_bytes), &cut);
    if (fault != 0) return fault;
    lane->common = cut.common;
    lane->s = cut.server_random;
    lane->request.ske = (struct lk_split_sign_ske){.common = cut.common,
                                                   .client_random = cut.client_random,
                                                   .server_random = cut.server_random,
                                                   .sig_and_hash = cut.sig_and_hash,
                                                   .kx = LK_SPLIT_ECDHE,
                                                   .params = cut.params,
                                                   .group = cut.group,
                                                   .share = cut.point,
                                                   .poo_prf = cut.poo_prf,
                                                   .poo_point = cut.poo_point,
                                                   .poo_r = cut.poo_r};
    return 0;
}

uint8_t lk_run_sign_ske_cut(struct lk_lane *lane)
{
    struct lk_split_sign_ske *request = &lane->request.ske;
    uint8_t fault = lk_split_sign_ske_cut(lk_bytes_of(lane->job, lane->job_bytes), request);
    if (fault != 0) return fault;
    lane->common = request->common;
    lane->s = request->common.freshness == LK_SPLIT_UNFRESH ? NULL : request->server_random;
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* lurk-split.md 4 steps 1 and 2, once key and flag are judged: a random of one byte 32 times is no
 * random, and might stand for something else that is signed. */
uint8_t lk_run_sign_ske_check(struct lk_lane *lane)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    bool constant = lk_split_randoms_constant(request);
    LK_REQUIRE(lane->s != NULL || !constant, LK_SPLIT_INVALID_TLS_RANDOM);
    if (lane->s == NULL) memcpy(lane->fs, request->server_random, LK_RANDOM_BYTES);
    return lk_run_ecdhe_check(lane);
}

/* LK_ROW_COUNT: there is no such group, or it is larger than any that is served. A share or
 * generator longer than p has no proof to be looked at. */
static enum lk_kernel_row dhe_row(const struct lk_lane *lane)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    size_t bytes = request->p.len;
    bool proof = request->poo_prf != 0 && request->share.len <= bytes && request->g.len <= bytes;
    return bytes <= lane->key->rights.dhe_bytes_max ? lk_dh_row(bytes, proof) : LK_ROW_COUNT;
}

/* The row that judges share and proof; LK_ROW_COUNT: none is needed, or there is no such group. */
static enum lk_kernel_row share_row(const struct lk_lane *lane)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    if (request->kx == LK_SPLIT_DHE) return dhe_row(lane);
    return request->poo_prf != 0 ? lk_poo_row(request->group) : LK_ROW_COUNT;
}

static bool is_share_row(enum lk_kernel_row row)
{
    return lk_row_is_proof(row) || row == LK_ROW_DH_PUBLIC;
}

uint8_t lk_run_ecdhe_check(struct lk_lane *lane)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    lane->client_random = request->client_random;
    lane->scheme = request->sig_and_hash;
    enum lk_kernel_row row = share_row(lane);
    lane->row = row < LK_ROW_COUNT ? row : lane->key->row;
    bool unproved = request->kx == LK_SPLIT_ECDHE && request->poo_prf == 0;
    if (unproved && request->group == LK_GROUP_SECP256R1 &&
        request->share.len == LK_P256_POINT_BYTES)
        lane->point = request->share.data;
    return 0;
}

static bool point_good(const struct lk_lane *lane)
{
    const struct lk_bytes *share = &lane->request.ske.share;
    if (lane->point != NULL) return lane->point_good;
    return lk_group_point_good(lane->request.ske.group, share->data, share->len);
}

/* Step 7: client_random || F(S) || params, as RFC 8422 5.4 and RFC 5246 7.4.3 have the TLS server
 * sign. */
void lk_run_ecdhe_text(const struct lk_lane *lane, struct lk_writer *w)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    lk_writer_put(w, lane->client_random, LK_RANDOM_BYTES);
    lk_writer_put(w, lane->fs, LK_RANDOM_BYTES);
    lk_writer_put(w, request->params.data, request->params.len);
}

/* The edge chose the first 32 bytes: it may not have a certificate request signed by way of
 * them. */
static uint8_t signature_start(struct lk_lane *lane, struct lk_rng *rng)
{
    uint8_t text[LK_TBS_BYTES_MAX];
    struct lk_writer w = lk_writer_of(text, sizeof text);
    lk_run_ecdhe_text(lane, &w);
    LK_ASSERT(!w.bad);
    LK_REQUIRE(!lk_cert_request_resembles(lk_bytes_of(text, w.len)), LK_TLS12_INVALID_TLS_RANDOM);
    bool good = lk_sign_start(lane, lane->scheme, lk_bytes_of(text, w.len), rng);
    return good ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

/* Step 6, and of DHE 4. */
static void share_start(struct lk_lane *lane)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    LK_ASSERT(is_share_row(lane->row));
    lane->operand = (struct lk_operand){.in = request->share.data,
                                        .in_bytes = request->share.len,
                                        .out = lane->out,
                                        .dh_p = request->p.data,
                                        .dh_p_bytes = request->p.len,
                                        .dh_g = request->g.data,
                                        .dh_g_bytes = request->g.len,
                                        .poo_point = request->poo_point.data,
                                        .poo_r = request->poo_r.data,
                                        .poo_challenge = lane->challenge};
    if (lane->row != LK_ROW_DH_PUBLIC)
        lane->operand.poo_challenge_bytes = rules_of(lane)->challenge(request, lane->challenge);
}

/* poo_prf 0 is open to this edge, and of this key. */
static bool no_poo_open(struct lk_lane *lane)
{
    const struct ske_rules *rules = rules_of(lane);
    bool granted = (lk_lane_head(lane)->flags & rules->no_poo) != 0;
    lane->denied = granted && !rules->no_poo_bound(&lane->key->rights);
    return granted && !lane->denied;
}

/* There are suites of DHE with RSA alone; DSA is not served. */
static bool scheme_good(const struct lk_lane *lane)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    bool rsa = lane->key->kind == LK_KEY_RSA || lane->key->kind == LK_KEY_RSA_PSS;
    return lk_sign_allowed_tls12(lane, request->sig_and_hash) &&
           (request->kx == LK_SPLIT_ECDHE || rsa);
}

/* p and g, Ys and the proof are judged by the kernel, and only then whether one has to be there. */
static uint8_t dhe_start(struct lk_lane *lane)
{
    LK_REQUIRE(is_share_row(lane->row), LK_SPLIT_INVALID_GROUP);
    if (lane->request.ske.poo_prf == 0) (void)no_poo_open(lane); /* a denial is counted now */
    share_start(lane);
    return 0;
}

uint8_t lk_run_ecdhe_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_split_sign_ske *request = &lane->request.ske;
    const struct ske_rules *rules = rules_of(lane);
    LK_REQUIRE(scheme_good(lane), rules->scheme);
    if (request->kx == LK_SPLIT_DHE) return dhe_start(lane);
    LK_REQUIRE(lk_split_sign_ske_judge(request) == 0, rules->point); /* step 4 */
    if (request->poo_prf != 0) { /* its points are judged by the kernel */
        share_start(lane);
        return 0;
    }
    LK_REQUIRE(point_good(lane), rules->point);
    LK_REQUIRE(no_poo_open(lane), rules->poo_prf);
    return signature_start(lane, rng);
}

/* What the kernel made of share and proof: 0, or the status of the first fault. */
static uint8_t share_fault(struct lk_lane *lane, bool good)
{
    const struct ske_rules *rules = rules_of(lane);
    bool asked = lane->request.ske.poo_prf != 0, judged = lane->row != LK_ROW_DH_PUBLIC;
    LK_REQUIRE(!lane->operand.group_bad, LK_SPLIT_INVALID_GROUP);
    LK_REQUIRE(!lane->operand.point_bad, rules->point);
    LK_REQUIRE(good && asked == judged, rules->poo);
    return asked || no_poo_open(lane) ? 0 : rules->poo_prf;
}

bool lk_run_ecdhe_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    if (!is_share_row(lane->row)) {
        lk_lane_answer(lane, good ? LK_STATUS_SUCCESS : LK_STATUS_UNDEFINED_ERROR);
        return false;
    }
    uint8_t fault = share_fault(lane, good);
    if (fault == 0) fault = signature_start(lane, rng);
    lk_lane_answer(lane, fault);
    return fault == 0;
}

void lk_run_signature_write(const struct lk_lane *lane, struct lk_writer *w)
{
    lk_tls12_signature_write(w, lk_bytes_of(lane->out, lane->operand.out_bytes));
}
