/* May this edge have this of that key, now? The rights come from the policy, the vault bounds
 * them. */
#include <string.h>

#include "core/base/slot.h"
#include "core/keys/certificate.h"
#include "core/policy/freshness.h"
#include "core/wire/tls12.h"
#include "io/intake.h"

#define DENIALS_LOGGED_PER_S 10
#define SKEWS_LOGGED_PER_S 1

/* --- the log -------------------------------------------------------------------------------- */

/* id NULL: the request names no key. */
static void log_denied(const struct lk_job *job, const uint8_t *id, uint32_t rule)
{
    struct lk_peers *peers = job->conn->peers;
    uint32_t left_out = 0;
    lk_count(peers->counters, LK_C_POLICY_DENIED, 1);
    if (!lk_log_may(&peers->log_denied, DENIALS_LOGGED_PER_S, peers->now_ns, &left_out)) return;
    char address[LK_ADDRESS_TEXT_BYTES], key_id[2 * LK_KEY_ID_BYTES + 1] = "none";
    lk_address_text(&job->conn->address, address);
    if (id != NULL)
        snprintf(key_id, sizeof key_id, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    const struct lk_conf *conf = peers->view->conf;
    lk_log(LK_LOG_NOTICE, "request denied", LK_F_STR("edge", job->edge->name),
           LK_F_STR("address", address), LK_F_STR("exchange", lk_exchange_name(job->exchange)),
           LK_F_STR("key_id", key_id),
           LK_F_STR("rule", rule < conf->rule_count ? conf->rules[rule].name : "none"),
           LK_F_U64("left_out", left_out));
}

void lk_intake_closed(struct lk_job *job)
{
    const struct lk_header *h = &job->header;
    int found = lk_exchange_find(h->designation, h->version, h->type);
    if (h->status != LK_STATUS_REQUEST || found < 0) return;
    if ((job->edge->exchanges & LK_EXCHANGE_BIT(found)) != 0) return;
    job->exchange = (enum lk_exchange_id)found;
    struct lk_tls12_common common;
    const uint8_t *server_random = NULL;
    bool names_key = h->designation == LK_EXT_TLS12 && lk_exchange_keyed(job->exchange) &&
                     lk_tls12_peek(job->payload, h->type, &common, &server_random) == 0;
    log_denied(job, names_key ? common.key_id + 1 : NULL, UINT32_MAX);
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

/* --- steps ---------------------------------------------------------------------------------- */

static uint8_t hash_fault(const struct lk_grant *grant, unsigned hash)
{
    bool open = hash < LK_HASH_COUNT && (grant->hashes >> hash & 1) != 0;
    return open ? 0 : LK_TLS12_INVALID_CIPHER_OR_PRF_HASH;
}

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

/* lurk-tls12.md 3, steps 2 and 3. */
static uint8_t rsa_master_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_tls12_rsa_master cut;
    uint8_t fault = lk_tls12_rsa_master_parse(job->payload, &cut);
    if (fault == 0) fault = hash_fault(grant, cut.prf_hash);
    if (fault != 0) return fault;
    return window_fault(job, cut.server_random, job->conn->peers->view->conf->window_s);
}

/* lurk-tls12.md 4, steps 1 to 5. */
static uint8_t handshake_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_tls12_handshake cut;
    uint8_t fault = lk_tls12_handshake_parse(job->payload, job->header.type, &cut);
    if (fault != 0) return fault;
    fault = hash_fault(grant, lk_rsa_suite_find(cut.cipher_suite)->prf_hash);
    if (fault != 0) return fault;
    struct lk_bytes spki;
    if (!lk_certificate_spki(cut.certificate, &spki) || !lk_bytes_equal(spki, grant->key->spki))
        return LK_TLS12_INVALID_PAYLOAD_FORMAT;
    return window_fault(job, cut.server_random, job->conn->peers->view->conf->window_s);
}

/* The hash of a signature scheme; EdDSA has its own inside and no rule names it. */
static int hash_of_scheme(uint16_t scheme)
{
    static const struct {
        uint16_t scheme;
        uint8_t hash;
    } rows[] = {
        {0x0401, LK_SHA256}, {0x0403, LK_SHA256}, {0x0804, LK_SHA256}, {0x0809, LK_SHA256},
        {0x0501, LK_SHA384}, {0x0503, LK_SHA384}, {0x0805, LK_SHA384}, {0x080a, LK_SHA384},
        {0x0601, LK_SHA512}, {0x0603, LK_SHA512}, {0x0806, LK_SHA512}, {0x080b, LK_SHA512},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].scheme == scheme) return rows[i].hash;
    return -1;
}

/* lurk-tls12.md 6, steps 2 and 3; whether the scheme fits the key, points and proof are the
 * vault's. */
static uint8_t ecdhe_fault(struct lk_job *job, const struct lk_grant *grant)
{
    struct lk_tls12_ecdhe cut;
    uint8_t fault = lk_tls12_ecdhe_cut(job->payload, &cut);
    if (fault != 0) return fault;
    fault = window_fault(job, cut.server_random, job->conn->peers->view->conf->window_ecdhe_s);
    int hash = hash_of_scheme(cut.sig_and_hash);
    return fault != 0 || hash < 0 ? fault : hash_fault(grant, (unsigned)hash);
}

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
    struct lk_tls12_common common;
    const uint8_t *server_random = NULL;
    uint8_t fault = lk_tls12_peek(job->payload, job->header.type, &common, &server_random);
    if (fault != 0) return fault;
    const struct lk_policy *policy = job->conn->peers->view->policy;
    struct lk_grant grant = lk_policy_key(policy, job->edge, common.key_id + 1, job->exchange);
    if (grant.key == NULL) {
        log_denied(job, common.key_id + 1, grant.rule);
        return LK_TLS12_INVALID_KEY_ID;
    }
    if (!lk_freshness_known(common.freshness)) return LK_TLS12_INVALID_FRESHNESS_FUNCT;
    if (job->exchange == LK_X_TLS12_RSA_MASTER)
        fault = rsa_master_fault(job, &grant);
    else if (job->exchange == LK_X_TLS12_ECDHE)
        fault = ecdhe_fault(job, &grant);
    else
        fault = handshake_fault(job, &grant);
    job->key = grant.key;
    job->cost_ns = cost_of(grant.key);
    job->flags = grant.poo_optional ? LK_SLOT_POO_OPTIONAL : 0;
    return fault;
}
