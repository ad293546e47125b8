#include "tests/support/roundtrip.h"

#include "core/base/err.h"
#include "core/base/limits.h"

static uint8_t room[LK_MESSAGE_BYTES_MAX + 64];

static void inside(struct lk_bytes payload, struct lk_bytes view)
{
    LK_ASSERT(view.len == 0 || (view.data >= payload.data &&
                                view.data + view.len <= payload.data + payload.len));
}

static void same(const struct lk_writer *w, struct lk_bytes payload)
{
    LK_ASSERT(!w->bad && lk_bytes_equal(lk_bytes_of(w->base, w->len), payload));
}

/* --- tls13 ------------------------------------------------------------------------------------ */

static void handshake_views(const struct lk_tls13_cert_verify *r)
{
    const struct lk_tls13_handshake *h = &r->handshake;
    const struct lk_bytes inner[] = {h->first_hello, h->retry, h->client_hello, h->server_hello,
                                     h->rest};
    size_t sum = 0;
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        inside(r->messages, inner[i]);
        sum += inner[i].len;
    }
    LK_ASSERT(sum == r->messages.len); /* nothing between them */
    inside(h->server_hello, lk_bytes_of(h->server_random, LK_TLS13_RANDOM_BYTES));
    inside(h->client_hello, h->schemes);
    inside(h->client_hello, h->client_shares);
    inside(h->server_hello, h->server_share);
    LK_ASSERT(h->extensions_at < h->key_share_at && h->key_share_at < h->server_hello.len);
    (void)lk_tls13_share_find(h->client_shares, h->group);
}

static uint8_t tls13_request(struct lk_bytes payload)
{
    struct lk_tls13_cert_verify r;
    uint8_t fault = lk_tls13_cert_verify_parse(payload, &r);
    if (fault != 0) return fault;
    handshake_views(&r);
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_tls13_cert_verify_write(&w, &r);
    LK_ASSERT(!w.bad && w.len == payload.len);
    room[0] = payload.data[0]; /* bits of the tag that are ignored */
    same(&w, payload);
    return 0;
}

static bool tls13_reply(struct lk_bytes payload)
{
    struct lk_tls13_cert_verify_reply r;
    if (!lk_tls13_cert_verify_reply_parse(payload, &r)) return false;
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_tls13_cert_verify_reply_write(&w, &r);
    LK_ASSERT(!w.bad && w.len == payload.len);
    room[0] = payload.data[0];
    same(&w, payload);
    return true;
}

static bool tls13_capabilities(struct lk_bytes payload)
{
    struct lk_tls13_capabilities r;
    if (!lk_tls13_capabilities_parse(payload, &r)) return false;
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_tls13_capabilities_write(&w, &r);
    same(&w, payload);
    return true;
}

/* --- split ------------------------------------------------------------------------------------ */

static uint8_t premaster_request(struct lk_bytes payload)
{
    struct lk_split_rsa_premaster r;
    uint8_t fault = lk_split_rsa_premaster_parse(payload, &r);
    if (fault != 0) return fault;
    inside(payload, r.ciphertext);
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_rsa_premaster_write(&w, &r);
    same(&w, payload);
    return lk_split_rsa_premaster_judge(&r);
}

static uint8_t ske_request(struct lk_bytes payload)
{
    struct lk_split_sign_ske r;
    uint8_t fault = lk_split_sign_ske_cut(payload, &r);
    LK_ASSERT(fault == 0 || fault == lk_split_sign_ske_parse(payload, &r));
    if (fault != 0) return fault;
    const struct lk_bytes views[] = {r.params, r.p, r.g, r.share, r.poo_point, r.poo_r};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        inside(payload, views[i]);
    inside(payload, lk_bytes_of(r.server_random, LK_RANDOM_BYTES));
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_sign_ske_write(&w, &r);
    same(&w, payload);
    return lk_split_sign_ske_judge(&r);
}

static uint8_t cert_verify_request(struct lk_bytes payload)
{
    struct lk_split_cert_verify r;
    uint8_t fault = lk_split_cert_verify_parse(payload, &r);
    if (fault != 0) return fault;
    inside(payload, r.transcript_hash);
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_cert_verify_write(&w, &r);
    same(&w, payload);
    return 0;
}

static uint8_t cert_request_request(struct lk_bytes payload)
{
    struct lk_split_cert_request r;
    uint8_t fault = lk_split_cert_request_parse(payload, &r);
    if (fault != 0) return fault;
    inside(payload, r.info);
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_cert_request_write(&w, &r);
    same(&w, payload);
    return 0;
}

static bool premaster_reply(struct lk_bytes payload)
{
    const uint8_t *premaster;
    if (!lk_split_premaster_parse(payload, &premaster)) return false;
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_premaster_write(&w, premaster);
    same(&w, payload);
    return true;
}

static bool signature_reply(struct lk_bytes payload)
{
    struct lk_bytes signature;
    if (!lk_split_signature_parse(payload, &signature)) return false;
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_signature_write(&w, signature);
    same(&w, payload);
    return true;
}

static bool split_capabilities(struct lk_bytes payload)
{
    struct lk_split_capabilities r;
    if (!lk_split_capabilities_parse(payload, &r)) return false;
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_split_capabilities_write(&w, &r);
    same(&w, payload);
    return true;
}

/* --- all -------------------------------------------------------------------------------------- */

static const struct {
    uint8_t (*request)(struct lk_bytes payload);
    bool (*reply)(struct lk_bytes payload);
} rows[LK_EXCHANGE_COUNT] = {
    [LK_X_TLS13_CAPABILITIES] = {NULL, tls13_capabilities},
    [LK_X_TLS13_S_INIT_CERT_VERIFY] = {tls13_request, tls13_reply},
    [LK_X_SPLIT_CAPABILITIES] = {NULL, split_capabilities},
    [LK_X_SPLIT_RSA_PREMASTER] = {premaster_request, premaster_reply},
    [LK_X_SPLIT_SIGN_SKE] = {ske_request, signature_reply},
    [LK_X_SPLIT_SIGN_CERT_VERIFY] = {cert_verify_request, signature_reply},
    [LK_X_SPLIT_SIGN_CERT_REQUEST] = {cert_request_request, signature_reply},
};

uint8_t lk_roundtrip_request(enum lk_exchange_id exchange, struct lk_bytes payload)
{
    LK_ASSERT(exchange < LK_EXCHANGE_COUNT && rows[exchange].request != NULL);
    return rows[exchange].request(payload);
}

bool lk_roundtrip_reply(enum lk_exchange_id exchange, struct lk_bytes payload)
{
    LK_ASSERT(exchange < LK_EXCHANGE_COUNT && rows[exchange].reply != NULL);
    return rows[exchange].reply(payload);
}
