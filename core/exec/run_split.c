#include "core/exec/run_split.h"

#include <string.h>

#include "core/exec/run_tls12.h"
#include "core/exec/sign.h"
#include "core/keys/cert_request.h"

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

/* --- sign_cert_request ------------------------------------------------------------------------ */

uint8_t lk_run_sign_cert_request_cut(struct lk_lane *lane)
{
    struct lk_split_cert_request *request = &lane->request.cert_request;
    uint8_t fault = lk_split_cert_request_parse(payload_of(lane), request);
    if (fault != 0) return fault;
    memcpy(lane->common.key_id, request->key_id, sizeof lane->common.key_id);
    return 0;
}

/* Step 1: the names of its certificate bound it; a key without one has none. */
uint8_t lk_run_sign_cert_request_funct(const struct lk_lane *lane)
{
    return lane->key->names != NULL ? 0 : LK_SPLIT_INVALID_KEY_ID;
}

/* Step 2. X.509 ties no curve to a hash, and has PKCS#1 v1.5: as TLS 1.2. */
uint8_t lk_run_sign_cert_request_check(struct lk_lane *lane)
{
    const struct lk_split_cert_request *request = &lane->request.cert_request;
    lane->scheme = request->scheme;
    lane->row = lane->key->row;
    return lk_sign_allowed_tls12(lane, request->scheme) ? 0 : LK_SPLIT_INVALID_SIG_SCHEME;
}

static uint8_t status_of(enum lk_cert_request_fault fault)
{
    switch (fault) {
    case LK_CERT_REQUEST_FORM: return LK_SPLIT_INVALID_PAYLOAD_FORMAT;
    case LK_CERT_REQUEST_SUBJECT:
    case LK_CERT_REQUEST_NAME: return LK_SPLIT_INVALID_CERT_NAME;
    default: return LK_SPLIT_INVALID_CERT_REQUEST;
    }
}

/* Steps 3 to 5. Behind the rate, since who asks chooses how much there is to read. */
uint8_t lk_run_sign_cert_request_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_split_cert_request *request = &lane->request.cert_request;
    const struct lk_key *key = lane->key;
    const struct lk_key_facts *facts = lk_engine_key_facts(key->engine);
    struct lk_cert_request parts;
    enum lk_cert_request_fault fault = lk_cert_request_parse(request->info, &parts);
    if (fault == LK_CERT_REQUEST_GOOD)
        fault = lk_cert_request_judge(&parts, lk_bytes_of(facts->spki, facts->spki_bytes),
                                      key->names);
    lane->why = (uint8_t)fault;
    LK_REQUIRE(fault == LK_CERT_REQUEST_GOOD, status_of(fault));
    lk_sha256(request->info.data, request->info.len, lane->fs); /* for the audit record */
    return lk_sign_start(lane, request->scheme, request->info, rng) ? 0 : LK_STATUS_UNDEFINED_ERROR;
}
