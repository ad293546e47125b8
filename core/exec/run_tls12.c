#include "core/exec/run_tls12.h"

#include <string.h>

#include "core/exec/poo.h"
#include "core/keys/certificate.h"
#include "core/policy/freshness.h"
#include "crypto/ct.h"
#include "crypto/kdf.h"

static struct lk_bytes payload_of(const struct lk_lane *lane)
{
    return lk_bytes_of(lane->job, lane->job_bytes);
}

static bool hash_allowed(const struct lk_lane *lane, unsigned hash)
{
    return hash < LK_HASH_COUNT && (lane->key->rights.hashes >> hash & 1) != 0;
}

uint8_t lk_run_tls12_funct(const struct lk_lane *lane)
{
    return lk_freshness_known(lane->common.freshness) ? 0 : LK_TLS12_INVALID_FRESHNESS_FUNCT;
}

/* --- RSA decryption, all types ---------------------------------------------------------------- */

/* Section 3 step 4, section 4 step 6: the length alone is judged openly. */
uint8_t lk_run_decryption_start(struct lk_lane *lane)
{
    LK_REQUIRE(lane->ciphertext.len == lane->key->bytes, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    lane->operand = (struct lk_operand){.key = lane->key->engine,
                                        .in = lane->ciphertext.data,
                                        .in_bytes = lane->ciphertext.len,
                                        .out = lane->out};
    return 0;
}

void lk_run_premaster_take(struct lk_lane *lane, uint8_t premaster[LK_PREMASTER_BYTES])
{
    const struct lk_engine_key *engine = lane->key->engine;
    lk_rsa_premaster(lane->out, lane->ciphertext.data, lk_engine_key_modulus(engine),
                     lane->key->bytes, lk_engine_key_d_hash(engine), lane->versions, premaster);
}

/* RFC 5246 8.1, with F(S) for the server's random. */
static void master_derive(struct lk_lane *lane, const uint8_t premaster[LK_PREMASTER_BYTES])
{
    struct lk_piece seed[] = {{lane->client_random, LK_RANDOM_BYTES}, {lane->fs, LK_RANDOM_BYTES}};
    lk_tls12_prf(lane->hash, premaster, LK_PREMASTER_BYTES, "master secret", seed, 2, lane->master,
                 LK_MASTER_BYTES);
}

/* RFC 7627 4: over the messages through client_key_exchange. */
static void extended_master_derive(struct lk_lane *lane,
                                   const uint8_t premaster[LK_PREMASTER_BYTES])
{
    const struct lk_tls12_handshake *handshake = &lane->request.handshake;
    uint8_t session[LK_HASH_BYTES_MAX];
    lk_hash(lane->hash, handshake->messages.data, handshake->through_key_exchange, session);
    struct lk_piece seed[] = {{session, lk_hash_bytes(lane->hash)}};
    lk_tls12_prf(lane->hash, premaster, LK_PREMASTER_BYTES, "extended master secret", seed, 1,
                 lane->master, LK_MASTER_BYTES);
}

void lk_run_master_write(const struct lk_lane *lane, struct lk_writer *w)
{
    lk_writer_put(w, lane->master, LK_MASTER_BYTES);
}

/* --- rsa_master ------------------------------------------------------------------------------- */

uint8_t lk_run_rsa_master_cut(struct lk_lane *lane)
{
    struct lk_tls12_rsa_master *request = &lane->request.rsa_master;
    uint8_t fault = lk_tls12_rsa_master_parse(payload_of(lane), request);
    if (fault != 0) return fault;
    lane->common = request->common;
    lane->s = request->server_random;
    return 0;
}

uint8_t lk_run_rsa_master_check(struct lk_lane *lane)
{
    const struct lk_tls12_rsa_master *request = &lane->request.rsa_master;
    LK_REQUIRE(hash_allowed(lane, request->prf_hash), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    lane->hash = request->prf_hash;
    lane->scheme = request->prf_hash;
    lane->client_random = request->client_random;
    lane->ciphertext = request->encrypted_premaster;
    lane->versions = LK_PREMASTER_BOTH;
    lane->row = lane->key->row;
    return 0;
}

uint8_t lk_run_rsa_master_start(struct lk_lane *lane, struct lk_rng *rng)
{
    (void)rng;
    return lk_run_decryption_start(lane);
}

bool lk_run_rsa_master_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    (void)rng;
    lk_lane_answer(lane, LK_STATUS_UNDEFINED_ERROR);
    if (!good) return false;
    uint8_t premaster[LK_PREMASTER_BYTES];
    lk_run_premaster_take(lane, premaster);
    master_derive(lane, premaster);
    LK_WIPE(premaster);
    lk_lane_answer(lane, LK_STATUS_SUCCESS);
    return false;
}

/* --- handshake forms -------------------------------------------------------------------------- */

uint8_t lk_run_handshake_cut(struct lk_lane *lane)
{
    struct lk_tls12_handshake *request = &lane->request.handshake;
    uint8_t fault = lk_tls12_handshake_cut(payload_of(lane), lane->exchange->type, request);
    if (fault != 0) return fault;
    lane->common = request->common;
    return 0;
}

/* Step 4. The key's full name is the hash of its SubjectPublicKeyInfo. */
static bool certificate_has_key(struct lk_bytes certificate, const struct lk_key *key)
{
    struct lk_bytes spki;
    uint8_t full[LK_SHA256_BYTES];
    if (!lk_certificate_spki(certificate, &spki)) return false;
    lk_sha256(spki.data, spki.len, full);
    return memcmp(full, key->keyid.full, sizeof full) == 0;
}

/* Steps 1 to 4. */
uint8_t lk_run_handshake_check(struct lk_lane *lane)
{
    struct lk_tls12_handshake *request = &lane->request.handshake;
    uint8_t fault = lk_tls12_handshake_judge(request, lane->exchange->type);
    if (fault != 0) return fault;
    lane->hash = lk_rsa_suite_find(request->cipher_suite)->prf_hash;
    LK_REQUIRE(hash_allowed(lane, lane->hash), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    LK_REQUIRE(certificate_has_key(request->certificate, lane->key),
               LK_TLS12_INVALID_PAYLOAD_FORMAT);
    lane->scheme = lane->hash;
    lane->s = request->server_random;
    lane->client_random = request->client_random;
    lane->ciphertext = request->encrypted_premaster;
    lane->versions = request->datagram ? LK_PREMASTER_DTLS : LK_PREMASTER_TLS;
    lane->row = lane->key->row;
    return 0;
}

/* Step 5, second half: F(S) takes the place of S in the lane's copy, so the hashes are TLS's
 * own. */
uint8_t lk_run_handshake_start(struct lk_lane *lane, struct lk_rng *rng)
{
    (void)rng;
    memcpy(lane->job + (lane->s - lane->job), lane->fs, LK_RANDOM_BYTES);
    return lk_run_decryption_start(lane);
}

/* Step 8: the work is the same for every Finished and every ciphertext. */
static bool finished_good(const struct lk_lane *lane)
{
    const struct lk_tls12_handshake *request = &lane->request.handshake;
    uint8_t transcript[LK_HASH_BYTES_MAX], want[LK_VERIFY_DATA_BYTES];
    lk_hash(lane->hash, request->messages.data, request->messages.len, transcript);
    struct lk_piece seed[] = {{transcript, lk_hash_bytes(lane->hash)}};
    lk_tls12_prf(lane->hash, lane->master, LK_MASTER_BYTES, "client finished", seed, 1, want,
                 sizeof want);
    bool equal = lk_ct_equal(want, request->verify_data, sizeof want);
    LK_WIPE(want);
    return equal;
}

bool lk_run_handshake_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    (void)rng;
    lk_lane_answer(lane, LK_STATUS_UNDEFINED_ERROR);
    if (!good) return false;
    uint8_t premaster[LK_PREMASTER_BYTES];
    lk_run_premaster_take(lane, premaster);
    if (lane->exchange->type == LK_TLS12_RSA_MASTER_WITH_POH)
        master_derive(lane, premaster);
    else
        extended_master_derive(lane, premaster);
    LK_WIPE(premaster);
    lk_lane_answer(lane, LK_STATUS_SUCCESS);
    if (lane->request.handshake.verify_data != NULL && !finished_good(lane))
        lk_lane_answer(lane, LK_TLS12_INVALID_FINISHED);
    return false;
}
