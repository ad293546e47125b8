#include "core/exec/run_split.h"

#include <string.h>

#include "core/exec/run_tls12.h"
#include "core/exec/sign.h"

static struct lk_bytes payload_of(const struct lk_lane *lane)
{
    return lk_bytes_of(lane->job, lane->job_bytes);
}

/* --- rsa_premaster ---------------------------------------------------------------------------- */

uint8_t lk_run_rsa_premaster_cut(struct lk_lane *lane)
{
    struct lk_split_rsa_premaster *request = &lane->request.rsa_premaster;
    uint8_t fault = lk_split_rsa_premaster_parse(payload_of(lane), request);
    if (fault != 0) return fault;
    memcpy(lane->common.key_id, request->key_id, sizeof lane->common.key_id);
    return 0;
}

uint8_t lk_run_rsa_premaster_funct(const struct lk_lane *lane)
{
    (void)lane;
    return 0; /* the two flags are rights (core/policy/rights.c); there is no funct */
}

uint8_t lk_run_rsa_premaster_check(struct lk_lane *lane)
{
    const struct lk_split_rsa_premaster *request = &lane->request.rsa_premaster;
    uint8_t fault = lk_split_rsa_premaster_judge(request);
    if (fault != 0) return fault;
    bool tls = request->client_version == LK_SPLIT_VERSION_TLS12;
    lane->versions = tls ? LK_PREMASTER_TLS : LK_PREMASTER_DTLS;
    lane->scheme = request->client_version; /* for the audit record */
    lane->ciphertext = request->ciphertext;
    lane->row = lane->key->row;
    return 0;
}

uint8_t lk_run_rsa_premaster_start(struct lk_lane *lane, struct lk_rng *rng)
{
    (void)rng;
    return lk_run_decryption_start(lane);
}

bool lk_run_rsa_premaster_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    (void)rng;
    _Static_assert(LK_SPLIT_PREMASTER_BYTES == LK_MASTER_BYTES, "the place of a master serves");
    if (good) lk_run_premaster_take(lane, lane->master);
    lk_lane_answer(lane, good ? LK_STATUS_SUCCESS : LK_STATUS_UNDEFINED_ERROR);
    return false;
}

/* --- sign_ske: what flags open ---------------------------------------------------------------- */

uint8_t lk_run_sign_ske_funct(const struct lk_lane *lane)
{
    if (lane->common.freshness != LK_SPLIT_UNFRESH)
        return lane->common.freshness == 0 ? 0 : LK_SPLIT_INVALID_FRESHNESS_FUNCT;
    bool granted = (lk_lane_head(lane)->flags & LK_SLOT_UNFRESH) != 0;
    bool bound = (lane->key->rights.flags & LK_FLAG_UNFRESH) != 0;
    return granted && bound ? 0 : LK_SPLIT_INVALID_FRESHNESS_FUNCT;
}

/* --- sign_cert_verify ------------------------------------------------------------------------- */

uint8_t lk_run_sign_cert_verify_cut(struct lk_lane *lane)
{
    struct lk_split_cert_verify *request = &lane->request.cert_verify;
    uint8_t fault = lk_split_cert_verify_parse(payload_of(lane), request);
    if (fault != 0) return fault;
    memcpy(lane->common.key_id, request->key_id, sizeof lane->common.key_id);
    return 0;
}

/* Step 1: the key is kept for that role. */
uint8_t lk_run_sign_cert_verify_funct(const struct lk_lane *lane)
{
    bool kept = lk_policy_role_kept(lane->key->rights.uses, lane->request.cert_verify.role);
    return kept ? 0 : LK_SPLIT_INVALID_KEY_ID;
}

uint8_t lk_run_sign_cert_verify_check(struct lk_lane *lane)
{
    const struct lk_split_cert_verify *request = &lane->request.cert_verify;
    lane->scheme = request->scheme;
    LK_REQUIRE(lk_sign_allowed_tls13(lane, request->scheme), LK_SPLIT_INVALID_SIG_SCHEME);
    LK_REQUIRE(lk_split_digest_good(request->transcript_hash), LK_SPLIT_INVALID_DIGEST);
    lane->row = lane->key->row;
    return 0;
}

uint8_t lk_run_sign_cert_verify_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_split_cert_verify *request = &lane->request.cert_verify;
    bool good = lk_sign_cert_verify_start(lane, request->scheme, request->role == LK_SPLIT_CLIENT,
                                          request->transcript_hash, rng);
    return good ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

bool lk_run_sign_cert_verify_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    (void)rng;
    lk_lane_answer(lane, good ? LK_STATUS_SUCCESS : LK_STATUS_UNDEFINED_ERROR);
    return false;
}
