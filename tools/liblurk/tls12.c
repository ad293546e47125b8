/* tls12: requests and answers of the tls12 extension, between the installed structs and
 * core/wire/tls12.h. */
#include "core/wire/tls12.h"

#include <string.h>

#include "core/base/limits.h"
#include "core/wire/lurk.h"
#include "crypto/ct.h"
#include "tools/liblurk/answer.h"
#include "tools/liblurk/ecdhe.h"

static struct lk_tls12_common common_of(const uint8_t key_id[LURK_KEY_ID_BYTES], uint8_t freshness)
{
    struct lk_tls12_common common = {.key_id = {0}, .freshness = freshness};
    memcpy(common.key_id + 1, key_id, LURK_KEY_ID_BYTES);
    return common;
}

int lurk_tls12_rsa_master_write(const struct lurk_tls12_rsa_master *in, uint8_t *message,
                                size_t room, size_t *len)
{
    struct lurk_tls12_rsa_master own;
    if (!LK_FIELDS_TAKE(own, in) || own.encrypted_premaster.data == NULL) return LURK_ERR_ARGUMENT;
    const struct lk_tls12_rsa_master request = {
        .common = common_of(own.key_id, own.freshness),
        .prf_hash = own.prf_hash,
        .client_random = own.client_random,
        .server_random = own.server_random,
        .encrypted_premaster = lk_bytes_in(own.encrypted_premaster)};
    struct lk_writer w = lk_message_start(message, room);
    lk_tls12_rsa_master_write(&w, &request);
    LK_WIPE(own); /* S */
    return lk_message_finish(&w, LURK_TLS12, LURK_TLS12_RSA_MASTER, len);
}

int lurk_tls12_handshake_write(const struct lurk_tls12_handshake *in, uint8_t *message, size_t room,
                               size_t *len)
{
    struct lurk_tls12_handshake own;
    if (!LK_FIELDS_TAKE(own, in) || own.messages.data == NULL) return LURK_ERR_ARGUMENT;
    if (own.type < LURK_TLS12_RSA_MASTER_WITH_POH ||
        own.type > LURK_TLS12_RSA_EXTENDED_MASTER_WITH_POH)
        return LURK_ERR_ARGUMENT;
    bool proof = own.type != LURK_TLS12_RSA_EXTENDED_MASTER;
    const struct lk_tls12_handshake request = {.common = common_of(own.key_id, own.freshness),
                                               .messages = lk_bytes_in(own.messages),
                                               .verify_data = proof ? own.verify_data : NULL};
    struct lk_writer w = lk_message_start(message, room);
    lk_tls12_handshake_write(&w, own.type, &request);
    return lk_message_finish(&w, LURK_TLS12, own.type, len);
}

/* --- ecdhe ------------------------------------------------------------------------------------ */

bool lk_ecdhe_params_read(struct lk_bytes params, uint16_t *group, struct lk_bytes *point)
{
    struct lk_cursor c = lk_cursor_of(params);
    if (lk_cursor_u8(&c) != 3) return false; /* named_curve */
    *group = lk_cursor_u16(&c);
    *point = lk_cursor_vec8(&c);
    const struct lk_group_row *row = lk_group_find(*group);
    return lk_cursor_done(&c) && row != NULL && row->point_bytes == point->len;
}

bool lk_ecdhe_request(const struct lurk_tls12_ecdhe *in, struct lk_tls12_ecdhe *out)
{
    *out = (struct lk_tls12_ecdhe){.common = common_of(in->key_id, in->freshness),
                                   .client_random = in->client_random,
                                   .server_random = in->server_random,
                                   .sig_and_hash = in->sig_and_hash,
                                   .params = lk_bytes_in(in->params)};
    return lk_ecdhe_params_read(out->params, &out->group, &out->point);
}

bool lk_ecdhe_proof_take(struct lurk_proof *own, const struct lurk_proof *proof, uint16_t group)
{
    *own = (struct lurk_proof){.prf = LURK_POO_NULL};
    if (proof == NULL) return true;
    if (!LK_FIELDS_TAKE(*own, proof)) return false;
    const struct lk_group_row *row = lk_group_find(group);
    if (own->prf == LURK_POO_NULL) own->point_len = own->r_len = 0;
    return own->prf == LURK_POO_NULL ||
           (own->prf <= LURK_POO_SHA256_256 && row != NULL && own->point_len == row->point_bytes &&
            own->r_len == row->scalar_bytes);
}

int lurk_tls12_ecdhe_write(const struct lurk_tls12_ecdhe *in, uint8_t *message, size_t room,
                           size_t *len)
{
    struct lurk_tls12_ecdhe own;
    struct lurk_proof proof;
    struct lk_tls12_ecdhe request;
    if (!LK_FIELDS_TAKE(own, in) || !lk_ecdhe_request(&own, &request) ||
        !lk_ecdhe_proof_take(&proof, own.proof, request.group))
        return LURK_ERR_ARGUMENT;
    request.poo_prf = proof.prf;
    request.poo_point = lk_bytes_of(proof.point, proof.point_len);
    request.poo_r = lk_bytes_of(proof.r, proof.r_len);
    struct lk_writer w = lk_message_start(message, room);
    lk_tls12_ecdhe_write(&w, &request);
    LK_WIPE(own); /* S */
    return lk_message_finish(&w, LURK_TLS12, LURK_TLS12_ECDHE, len);
}

/* --- answers ---------------------------------------------------------------------------------- */

int lurk_tls12_master_read(const struct lurk_answer *answer, uint8_t master[LURK_MASTER_BYTES])
{
    struct lk_bytes payload;
    int fault = LURK_ERR_ARGUMENT;
    for (uint8_t type = LURK_TLS12_RSA_MASTER;
         fault == LURK_ERR_ARGUMENT && type <= LURK_TLS12_RSA_EXTENDED_MASTER_WITH_POH; type++)
        fault = lk_answer_payload(answer, LURK_TLS12, type, &payload);
    if (fault < 0) return fault;
    if (payload.len != LURK_MASTER_BYTES) return LURK_ERR_ANSWER;
    memcpy(master, payload.data, LURK_MASTER_BYTES);
    return LURK_OK;
}

int lurk_signature_read(const struct lurk_answer *answer, struct lurk_bytes *signature)
{
    static const uint8_t exchanges[][2] = {{LURK_TLS12, LURK_TLS12_ECDHE},
                                           {LURK_SPLIT, LURK_SPLIT_SIGN_SKE},
                                           {LURK_SPLIT, LURK_SPLIT_SIGN_CERT_VERIFY},
                                           {LURK_SPLIT, LURK_SPLIT_SIGN_CERT_REQUEST}};
    struct lk_bytes payload, read;
    int fault = LURK_ERR_ARGUMENT;
    for (size_t i = 0; fault == LURK_ERR_ARGUMENT && i < sizeof exchanges / sizeof exchanges[0];
         i++)
        fault = lk_answer_payload(answer, exchanges[i][0], exchanges[i][1], &payload);
    if (fault < 0) return fault;
    if (!lk_tls12_signature_parse(payload, &read) || read.len == 0) return LURK_ERR_ANSWER;
    *signature = lk_bytes_out(read);
    return LURK_OK;
}

static void entry_out(const struct lk_tls12_capability *in, struct lurk_tls12_capability *out)
{
    *out = (struct lurk_tls12_capability){.type = in->type,
                                          .key_id_types = lk_bytes_out(in->key_id_types),
                                          .certificates = lk_bytes_out(in->certificates),
                                          .freshness = lk_bytes_out(in->freshness_functs),
                                          .cipher_suites = lk_bytes_out(in->cipher_suites),
                                          .prf_hashes = lk_bytes_out(in->prf_hashes),
                                          .sig_and_hash = lk_bytes_out(in->sig_and_hash),
                                          .ecdsa_curves = lk_bytes_out(in->ecdsa_curves),
                                          .groups = lk_bytes_out(in->ecdhe_curves),
                                          .poo_prfs = lk_bytes_out(in->poo_prfs)};
}

int lurk_tls12_capabilities_read(const struct lurk_answer *answer,
                                 struct lurk_tls12_capability *entry, size_t room, size_t *count,
                                 uint8_t state[LURK_STATE_BYTES])
{
    struct lk_bytes payload, last;
    int fault = lk_answer_state(answer, LURK_TLS12, &payload, &last);
    if (fault < 0) return fault;
    struct lk_cursor c = lk_cursor_of(payload);
    *count = 0;
    while (lk_cursor_left(&c) > 0) {
        struct lk_tls12_capability read;
        struct lurk_tls12_capability own;
        if (!lk_tls12_capability_parse(&c, &read)) return LURK_ERR_ANSWER;
        entry_out(&read, &own);
        /* As far apart as the caller's struct is large, which may be newer than ours. */
        void *to = *count < room ? (char *)entry + *count * entry->size : NULL;
        if (to != NULL && !LK_FIELDS_GIVE(to, own)) return LURK_ERR_ARGUMENT;
        (*count)++;
    }
    if (state != NULL) memcpy(state, payload.data + payload.len - LK_STATE_BYTES, LURK_STATE_BYTES);
    return LURK_OK;
}
