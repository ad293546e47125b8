/* May this edge have this of that key, now? The rights come from the policy, the vault bounds
 * them. */
#include <string.h>

#include "core/base/slot.h"
#include "core/keys/cert_request.h"
#include "core/keys/certificate.h"
#include "core/keys/scheme.h"
#include "core/policy/freshness.h"
#include "core/wire/split.h"
#include "io/intake.h"

#define DENIALS_LOGGED_PER_S 10
#define REQUESTS_LOGGED_PER_S 10
#define SKEWS_LOGGED_PER_S 1
#define KEY_ID_TEXT_BYTES (2 * LK_KEY_ID_BYTES + 1)

/* --- the log -------------------------------------------------------------------------------- */

static void key_id_text(const uint8_t *id, char text[KEY_ID_TEXT_BYTES])
{
    snprintf(text, KEY_ID_TEXT_BYTES, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
}

/* id NULL: the request names no key. */
static void log_denied(const struct lk_job *job, const uint8_t *id, uint32_t rule)
{
    struct lk_peers *peers = job->conn->peers;
    uint32_t left_out = 0;
    lk_count(peers->counters, LK_C_POLICY_DENIED, 1);
    if (!lk_log_may(&peers->log_denied, DENIALS_LOGGED_PER_S, peers->now_ns, &left_out)) return;
    char address[LK_ADDRESS_TEXT_BYTES], key_id[KEY_ID_TEXT_BYTES] = "none";
    lk_address_text(&job->conn->address, address);
    if (id != NULL) key_id_text(id, key_id);
    const struct lk_conf *conf = peers->view->conf;
    lk_log(LK_LOG_NOTICE, "request denied", LK_F_STR("edge", job->edge->name),
           LK_F_STR("address", address), LK_F_STR("exchange", lk_exchange_name(job->exchange)),
           LK_F_STR("key_id", key_id),
           LK_F_STR("rule", rule < conf->rule_count ? conf->rules[rule].name : "none"),
           LK_F_U64("left_out", left_out));
}

static void log_skew(struct lk_job *job, int64_t skew_s)
{
    struct lk_peers *peers = job->conn->peers;
    uint32_t left_out = 0;
    if (!lk_log_may(&peers->log_skew, SKEWS_LOGGED_PER_S, peers->now_ns, &left_out)) return;
    lk_log(LK_LOG_NOTICE, skew_s > 0 ? "the edge's clock is ahead" : "the edge's clock is behind",
           LK_F_STR("edge", job->edge->name), LK_F_I64("seconds", skew_s > 0 ? skew_s : -skew_s),
           LK_F_U64("left_out", left_out));
}

void lk_intake_request_refused(struct lk_conn *conn, const uint8_t *id, uint8_t why)
{
    struct lk_peers *peers = conn->peers;
    const struct lk_edge *edge = lk_conn_edge(conn);
    uint32_t left_out = 0;
    if (edge == NULL ||
        !lk_log_may(&peers->log_request, REQUESTS_LOGGED_PER_S, peers->now_ns, &left_out))
        return;
    char key_id[KEY_ID_TEXT_BYTES];
    key_id_text(id, key_id);
    lk_log(LK_LOG_NOTICE, "certificate request refused", LK_F_STR("edge", edge->name),
           LK_F_STR("key_id", key_id),
           LK_F_STR("why", lk_cert_request_text((enum lk_cert_request_fault)why)),
           LK_F_U64("left_out", left_out));
}

/* --- steps ---------------------------------------------------------------------------------- */

static bool hash_open(const struct lk_grant *grant, unsigned hash)
{
    return hash < LK_HASH_COUNT && (grant->hashes >> hash & 1) != 0;
}

/* By rules. Whether the scheme fits the key is the vault's to say, as of one that nobody knows. */
static bool scheme_open(const struct lk_grant *grant, uint16_t scheme)
{
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    return row == NULL || row->hash == LK_SCHEME_HASH_INSIDE || hash_open(grant, row->hash);
}

/* tls12 and split have one number for it. */
static uint8_t window_fault(struct lk_job *job, const uint8_t *server_random, uint32_t window_s)
{
    struct lk_peers *peers = job->conn->peers;
    int64_t skew_s = 0;
    bool good = lk_freshness_in_window(server_random, peers->now_unix_s, window_s, &skew_s);
    lk_skew_add(&peers->counters->skew, skew_s);
    lk_skew_add(&peers->counters->edge_skew[job->edge->index], skew_s);
    if (good) return 0;
    log_skew(job, skew_s);
    return LK_TLS12_INVALID_TLS_RANDOM;
}

/* What a request calls its key: 4 bytes that the payload or the caller holds. */
struct key_name {
    const uint8_t *id;
    uint8_t hash[LK_SHA256_BYTES]; /* where id points when the request holds the whole */
    struct lk_grant (*find)(const struct lk_policy *policy, const struct lk_edge *edge,
                            const uint8_t *id, enum lk_exchange_id exchange);
};

/* --- tls12 ---------------------------------------------------------------------------------- */

static uint8_t tls12_peek(const struct lk_job *job, struct key_name *name)
{
    struct lk_tls12_common common;
    const uint8_t *server_random = NULL;
    uint8_t fault = lk_tls12_peek(job->payload, job->header.type, &common, &server_random);
    name->id = job->payload.data + 1;
    return fault;
}

/* lurk-tls12.md 3, steps 2 and 3. */
static uint8_t rsa_master_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_tls12_rsa_master cut;
    uint8_t fault = lk_tls12_rsa_master_parse(job->payload, &cut);
    if (fault != 0) return fault;
    LK_REQUIRE(lk_freshness_known(cut.common.freshness), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    LK_REQUIRE(hash_open(grant, cut.prf_hash), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    return window_fault(job, cut.server_random, job->conn->peers->view->conf->window_s);
}

/* lurk-tls12.md 4, steps 1 to 5. */
static uint8_t handshake_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_tls12_handshake cut;
    uint8_t fault = lk_tls12_handshake_cut(job->payload, job->header.type, &cut);
    if (fault != 0) return fault;
    LK_REQUIRE(lk_freshness_known(cut.common.freshness), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    fault = lk_tls12_handshake_judge(&cut, job->header.type);
    if (fault != 0) return fault;
    LK_REQUIRE(hash_open(grant, lk_rsa_suite_find(cut.cipher_suite)->prf_hash),
               LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    struct lk_bytes spki;
    if (!lk_certificate_spki(cut.certificate, &spki) || !lk_bytes_equal(spki, grant->key->spki))
        return LK_TLS12_INVALID_PAYLOAD_FORMAT;
    return window_fault(job, cut.server_random, job->conn->peers->view->conf->window_s);
}

/* lurk-tls12.md 6, steps 2 and 3; whether the scheme fits the key, points and proof are the
 * vault's. */
static uint8_t ecdhe_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_tls12_ecdhe cut;
    uint8_t fault = lk_tls12_ecdhe_cut(job->payload, &cut);
    if (fault != 0) return fault;
    LK_REQUIRE(lk_freshness_known(cut.common.freshness), LK_TLS12_INVALID_FRESHNESS_FUNCT);
    if (grant->poo_optional) job->flags |= LK_SLOT_POO_OPTIONAL;
    fault = window_fault(job, cut.server_random, job->conn->peers->view->conf->window_ecdhe_s);
    if (fault != 0) return fault;
    return scheme_open(grant, cut.sig_and_hash) ? 0 : LK_TLS12_INVALID_CIPHER_OR_PRF_HASH;
}

/* --- split ---------------------------------------------------------------------------------- */

static uint8_t rsa_premaster_peek(const struct lk_job *job, struct key_name *name)
{
    struct lk_split_rsa_premaster cut;
    uint8_t fault = lk_split_rsa_premaster_parse(job->payload, &cut);
    name->id = job->payload.data + 1;
    return fault;
}

static uint8_t sign_ske_peek(const struct lk_job *job, struct key_name *name)
{
    struct lk_split_sign_ske cut;
    uint8_t fault = lk_split_sign_ske_cut(job->payload, &cut);
    name->id = job->payload.data + 1;
    return fault;
}

static uint8_t sign_cert_verify_peek(const struct lk_job *job, struct key_name *name)
{
    struct lk_split_cert_verify cut;
    uint8_t fault = lk_split_cert_verify_parse(job->payload, &cut);
    name->id = job->payload.data + 1;
    return fault;
}

static uint8_t sign_cert_request_peek(const struct lk_job *job, struct key_name *name)
{
    struct lk_split_cert_request cut;
    uint8_t fault = lk_split_cert_request_parse(job->payload, &cut);
    name->id = job->payload.data + 1;
    return fault;
}

/* lurk-split.md 2. */
static uint8_t rsa_premaster_fault(struct lk_job *job, const struct lk_grant *grant)
{
    (void)grant;
    struct lk_split_rsa_premaster cut;
    uint8_t fault = lk_split_rsa_premaster_parse(job->payload, &cut);
    return fault != 0 ? fault : lk_split_rsa_premaster_judge(&cut);
}

/* Rough time of what judges a share of DHE, without its proof and with it: for the balance between
 * workers, as cost_of is. What is too large is the vault's to refuse, in the order of faults. */
static uint64_t dhe_cost_ns(const struct lk_split_sign_ske *cut, uint32_t bits_max)
{
    if (cut->kx != LK_SPLIT_DHE || cut->p.len > bits_max / 8) return 0;
    uint64_t words = cut->p.len / 8;
    return cut->poo_prf == 0 ? words * words * 64 : words * words * words * 40;
}

/* lurk-split.md 4 steps 1 to 3, as far as they need no key. */
static uint8_t sign_ske_fault(struct lk_job *job, const struct lk_grant *grant)
{
    const struct lk_conf *conf = job->conn->peers->view->conf;
    struct lk_split_sign_ske cut;
    uint8_t fault = lk_split_sign_ske_cut(job->payload, &cut);
    if (fault != 0) return fault;
    job->cost_ns += dhe_cost_ns(&cut, conf->dhe_bits_max);
    bool unfresh = cut.common.freshness == LK_SPLIT_UNFRESH;
    bool may = (grant->flags & LK_FLAG_UNFRESH) != 0;
    LK_REQUIRE(unfresh ? may : cut.common.freshness == 0, LK_SPLIT_INVALID_FRESHNESS_FUNCT);
    if (unfresh) job->flags |= LK_SLOT_UNFRESH;
    if ((grant->flags & LK_FLAG_UNPROVED) != 0) job->flags |= LK_SLOT_UNPROVED;
    if (unfresh)
        fault = lk_split_randoms_constant(&cut) ? LK_SPLIT_INVALID_TLS_RANDOM : 0;
    else
        fault = window_fault(job, cut.server_random, conf->window_ecdhe_s);
    if (fault != 0) return fault;
    return scheme_open(grant, cut.sig_and_hash) ? 0 : LK_SPLIT_INVALID_SIG_SCHEME;
}

/* lurk-split.md 6 steps 1 and 2. */
static uint8_t sign_cert_verify_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_split_cert_verify cut;
    uint8_t fault = lk_split_cert_verify_parse(job->payload, &cut);
    if (fault != 0) return fault;
    if (!lk_policy_role_kept(grant->key->uses, cut.role)) {
        log_denied(job, cut.key_id + 1, grant->rule);
        return LK_SPLIT_INVALID_KEY_ID;
    }
    return scheme_open(grant, cut.scheme) ? 0 : LK_SPLIT_INVALID_SIG_SCHEME;
}

/* What is in it the vault judges, which has to in any case. */
static uint8_t sign_cert_request_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_split_cert_request cut;
    uint8_t fault = lk_split_cert_request_parse(job->payload, &cut);
    if (fault != 0) return fault;
    return scheme_open(grant, cut.scheme) ? 0 : LK_SPLIT_INVALID_SIG_SCHEME;
}

/* --- tls13 ---------------------------------------------------------------------------------- */

/* lurk-tls13.md 5.1 steps 1 and 2; a first entry that is missing names nobody. */
static uint8_t s_init_peek(const struct lk_job *job, struct key_name *name)
{
    static const uint8_t nobody[LK_SHA256_BYTES];
    struct lk_tls13_cert_verify cut;
    struct lk_tls13_entry first;
    uint8_t fault = lk_tls13_cert_verify_parse(job->payload, &cut);
    if (fault != 0) return fault;
    struct lk_cursor entries = lk_cursor_of(cut.certificate.entries);
    name->id = nobody;
    if (!lk_tls13_entry_read(&entries, cut.certificate.type, &first)) return 0;
    name->id = first.certificate.data;
    if (cut.certificate.type == LK_TLS13_CERT_FINGER_PRINT) {
        name->find = lk_policy_certificate;
        return 0;
    }
    struct lk_bytes spki = lk_certs_spki(first.certificate);
    lk_sha256(spki.data, spki.len, name->hash);
    name->id = name->hash;
    return 0;
}

/* Steps 3 to 5, as far as they need no private key and no point. */
static uint8_t s_init_fault(struct lk_job *job, const struct lk_grant *grant)
{
    const struct lk_key_public *key = grant->key;
    struct lk_tls13_cert_verify cut;
    uint8_t fault = lk_tls13_cert_verify_parse(job->payload, &cut);
    if (fault != 0) return fault;
    job->methods = grant->methods;
    job->secrets = grant->secrets;
    LK_REQUIRE(lk_certs_name_key(key->certs, &key->keyid, &cut.certificate),
               LK_TLS13_INVALID_CERTIFICATE);
    const struct lk_scheme_row *row = lk_scheme_find(cut.sig_algo);
    LK_REQUIRE(lk_tls13_scheme_offered(&cut.handshake, cut.sig_algo) && row != NULL &&
                   lk_scheme_open(row, row->kinds_tls13, key->kind, grant->hashes),
               LK_TLS13_INVALID_SIGNATURE_SCHEME);
    bool open = (grant->methods >> (cut.ephemeral.method - LK_TLS13_E_GENERATED) & 1) != 0;
    return open && lk_tls13_shares_good(&cut) ? 0 : LK_TLS13_INVALID_EPHEMERAL;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct verdict_row {
    /* The cut: 0, and the key it names; or its fault. */
    uint8_t (*peek)(const struct lk_job *job, struct key_name *name);
    uint8_t no_key; /* the status of a key that is unknown or closed */
    /* What comes once the key is found; sets what the grant opens in the job's flags. */
    uint8_t (*fault)(struct lk_job *job, const struct lk_grant *grant);
} rows[LK_EXCHANGE_COUNT] = {
    [LK_X_TLS12_RSA_MASTER] = {tls12_peek, LK_TLS12_INVALID_KEY_ID, rsa_master_fault},
    [LK_X_TLS12_RSA_MASTER_WITH_POH] = {tls12_peek, LK_TLS12_INVALID_KEY_ID, handshake_fault},
    [LK_X_TLS12_RSA_EXTENDED_MASTER] = {tls12_peek, LK_TLS12_INVALID_KEY_ID, handshake_fault},
    [LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH] = {tls12_peek, LK_TLS12_INVALID_KEY_ID,
                                                 handshake_fault},
    [LK_X_TLS12_ECDHE] = {tls12_peek, LK_TLS12_INVALID_KEY_ID, ecdhe_fault},
    [LK_X_TLS13_S_INIT_CERT_VERIFY] = {s_init_peek, LK_TLS13_INVALID_CERTIFICATE, s_init_fault},
    [LK_X_SPLIT_RSA_PREMASTER] = {rsa_premaster_peek, LK_SPLIT_INVALID_KEY_ID,
                                  rsa_premaster_fault},
    [LK_X_SPLIT_SIGN_SKE] = {sign_ske_peek, LK_SPLIT_INVALID_KEY_ID, sign_ske_fault},
    [LK_X_SPLIT_SIGN_CERT_VERIFY] = {sign_cert_verify_peek, LK_SPLIT_INVALID_KEY_ID,
                                     sign_cert_verify_fault},
    [LK_X_SPLIT_SIGN_CERT_REQUEST] = {sign_cert_request_peek, LK_SPLIT_INVALID_KEY_ID,
                                      sign_cert_request_fault},
};

/* Rough time of one operation, for the balance between workers only. */
static uint64_t cost_of(const struct lk_key_public *key)
{
    static const uint64_t cost_ns[LK_KEY_KIND_COUNT] = {
        [LK_KEY_P256] = 25000,    [LK_KEY_P384] = 900000,  [LK_KEY_P521] = 1500000,
        [LK_KEY_ED25519] = 40000, [LK_KEY_ED448] = 300000,
    };
    if (cost_ns[key->kind] != 0) return cost_ns[key->kind];
    uint64_t words = key->bits / 64; /* RSA: cubic, 2048 bits in a quarter of a millisecond */
    return words * words * words * 8;
}

uint8_t lk_intake_verdict(struct lk_job *job)
{
    const struct verdict_row *row = &rows[job->exchange];
    struct key_name name = {.find = lk_policy_key};
    uint8_t fault = row->peek(job, &name);
    if (fault != 0) return fault;
    const struct lk_policy *policy = job->conn->peers->view->policy;
    struct lk_grant grant = name.find(policy, job->edge, name.id, job->exchange);
    if (grant.key == NULL) {
        log_denied(job, name.id, grant.rule);
        return row->no_key;
    }
    job->key = grant.key;
    job->cost_ns = cost_of(grant.key);
    job->flags = job->methods = job->secrets = 0;
    return row->fault(job, &grant);
}

void lk_intake_closed(struct lk_job *job)
{
    const struct lk_header *h = &job->header;
    int found = lk_exchange_find(h->designation, h->version, h->type);
    if (h->status != LK_STATUS_REQUEST || found < 0) return;
    if ((job->edge->exchanges & LK_EXCHANGE_BIT(found)) != 0) return;
    job->exchange = (enum lk_exchange_id)found;
    struct key_name name = {.find = lk_policy_key};
    const struct verdict_row *row = &rows[found];
    bool named = row->peek != NULL && row->peek(job, &name) == 0;
    log_denied(job, named ? name.id : NULL, UINT32_MAX);
}
