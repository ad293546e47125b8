#include "tests/support/request.h"

#include "core/base/err.h"
#include "core/base/limits.h"

uint8_t lk_request_parse(uint8_t type, struct lk_bytes payload, struct lk_request *out)
{
    if (type == LK_TLS12_RSA_MASTER) return lk_tls12_rsa_master_parse(payload, &out->as.rsa_master);
    if (type == LK_TLS12_ECDHE) return lk_tls12_ecdhe_parse(payload, &out->as.ecdhe);
    return lk_tls12_handshake_parse(payload, type, &out->as.handshake);
}

void lk_request_write(struct lk_writer *w, uint8_t type, const struct lk_request *in)
{
    if (type == LK_TLS12_RSA_MASTER)
        lk_tls12_rsa_master_write(w, &in->as.rsa_master);
    else if (type == LK_TLS12_ECDHE)
        lk_tls12_ecdhe_write(w, &in->as.ecdhe);
    else
        lk_tls12_handshake_write(w, type, &in->as.handshake);
}

const struct lk_tls12_common *lk_request_common(uint8_t type, const struct lk_request *request)
{
    if (type == LK_TLS12_RSA_MASTER) return &request->as.rsa_master.common;
    if (type == LK_TLS12_ECDHE) return &request->as.ecdhe.common;
    return &request->as.handshake.common;
}

const uint8_t *lk_request_server_random(uint8_t type, const struct lk_request *request)
{
    if (type == LK_TLS12_RSA_MASTER) return request->as.rsa_master.server_random;
    if (type == LK_TLS12_ECDHE) return request->as.ecdhe.server_random;
    return request->as.handshake.server_random;
}

static void inside(struct lk_bytes payload, const uint8_t *at, size_t len)
{
    LK_ASSERT(at >= payload.data && at + len <= payload.data + payload.len);
}

static void views_check(uint8_t type, struct lk_bytes payload, const struct lk_request *request)
{
    inside(payload, lk_request_server_random(type, request), LK_RANDOM_BYTES);
    if (type == LK_TLS12_RSA_MASTER) {
        struct lk_bytes rest = request->as.rsa_master.encrypted_premaster;
        inside(payload, request->as.rsa_master.client_random, LK_RANDOM_BYTES);
        inside(payload, rest.data, rest.len);
    } else if (type == LK_TLS12_ECDHE) {
        const struct lk_tls12_ecdhe *e = &request->as.ecdhe;
        inside(payload, e->params.data, e->params.len);
        LK_ASSERT(e->params.len == 4 + e->point.len && e->point.data == e->params.data + 4);
        inside(payload, e->poo_r.data, e->poo_r.len);
        LK_ASSERT(e->poo_r.len == (e->poo_prf == 0 ? 0 : lk_group_find(e->group)->scalar_bytes));
    } else {
        const struct lk_tls12_handshake *h = &request->as.handshake;
        inside(payload, h->messages.data, h->messages.len);
        inside(h->messages, h->server_random, LK_RANDOM_BYTES);
        inside(h->messages, h->certificate.data, h->certificate.len);
        LK_ASSERT(h->through_key_exchange <= h->messages.len);
        LK_ASSERT(h->encrypted_premaster.data + h->encrypted_premaster.len
                  == h->messages.data + h->through_key_exchange);
        if (h->verify_data != NULL) inside(payload, h->verify_data, LK_VERIFY_DATA_BYTES);
    }
}

static void peek_check(uint8_t type, struct lk_bytes payload, uint8_t status,
                       const struct lk_request *request)
{
    struct lk_tls12_common common;
    const uint8_t *server_random;
    uint8_t peeked = lk_tls12_peek(payload, type, &common, &server_random);
    if (peeked != 0) {
        LK_ASSERT(peeked == status);
        return;
    }
    if (status != 0) return; /* a later step's fault: key and funct come before it */
    const struct lk_tls12_common *full = lk_request_common(type, request);
    LK_ASSERT(memcmp(common.key_id, full->key_id, sizeof common.key_id) == 0);
    LK_ASSERT(common.freshness == full->freshness);
    LK_ASSERT(server_random == lk_request_server_random(type, request));
}

uint8_t lk_request_check(uint8_t type, struct lk_bytes payload)
{
    static uint8_t again[LK_MESSAGE_BYTES_MAX];
    struct lk_request request;
    uint8_t status = lk_request_parse(type, payload, &request);
    peek_check(type, payload, status, &request);
    if (status != 0) return status;
    views_check(type, payload, &request);
    struct lk_writer w = lk_writer_of(again, sizeof again);
    lk_request_write(&w, type, &request);
    LK_ASSERT(!w.bad && lk_bytes_equal(lk_bytes_of(again, w.len), payload));
    return 0;
}
