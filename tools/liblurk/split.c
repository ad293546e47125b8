/* split: requests and answers of our own extension, between the installed structs and
 * core/wire/split.h. */
#include "core/wire/split.h"

#include <string.h>

#include "crypto/ct.h"
#include "tools/liblurk/answer.h"
#include "tools/liblurk/ecdhe.h"

static void key_id_take(uint8_t to[1 + LK_KEY_ID_BYTES], const uint8_t id[LURK_KEY_ID_BYTES])
{
    to[0] = 0;
    memcpy(to + 1, id, LURK_KEY_ID_BYTES);
}

int lurk_split_rsa_premaster_write(const struct lurk_split_rsa_premaster *in, uint8_t *message,
                                   size_t room, size_t *len)
{
    struct lurk_split_rsa_premaster own;
    if (!LK_FIELDS_TAKE(own, in) || own.encrypted_premaster.data == NULL) return LURK_ERR_ARGUMENT;
    struct lk_split_rsa_premaster request = {.client_version = own.client_version,
                                             .ciphertext = lk_bytes_in(own.encrypted_premaster)};
    key_id_take(request.key_id, own.key_id);
    if (lk_split_rsa_premaster_judge(&request) != 0) return LURK_ERR_ARGUMENT;
    struct lk_writer w = lk_message_start(message, room);
    lk_split_rsa_premaster_write(&w, &request);
    return lk_message_finish(&w, LURK_SPLIT, LURK_SPLIT_RSA_PREMASTER, len);
}

/* --- sign_ske --------------------------------------------------------------------------------- */

bool lk_ecdhe_split_request(const struct lurk_split_sign_ske *in, struct lk_split_sign_ske *out)
{
    *out = (struct lk_split_sign_ske){.common = {.freshness = in->freshness},
                                      .client_random = in->client_random,
                                      .server_random = in->server_random,
                                      .sig_and_hash = in->sig_and_hash,
                                      .kx = in->kx,
                                      .params = lk_bytes_in(in->params)};
    key_id_take(out->common.key_id, in->key_id);
    if (in->kx == LURK_KX_DHE) {
        struct lk_split_dhe read;
        if (in->proof != NULL || !lk_split_dhe_read(out->params, &read)) return false;
        out->p = read.p;
        out->g = read.g;
        out->share = read.share;
        return true;
    }
    return in->kx == LURK_KX_ECDHE && in->dh_proof == NULL &&
           lk_ecdhe_params_read(out->params, &out->group, &out->share);
}

bool lk_dhe_proof_take(struct lk_split_sign_ske *own, const struct lurk_dh_proof *proof)
{
    if (proof == NULL || proof->prf == LURK_POO_NULL) return true;
    own->poo_prf = proof->prf;
    own->poo_point = lk_bytes_of(proof->v, proof->len);
    own->poo_r = lk_bytes_of(proof->r, proof->len);
    return proof->size >= sizeof *proof && proof->prf <= LURK_POO_SHA256_256 &&
           proof->len <= LURK_DH_BYTES_MAX && proof->len == own->p.len;
}

static bool ecdhe_proof_put(struct lk_split_sign_ske *own, const struct lurk_proof *proof,
                            struct lurk_proof *copy)
{
    if (!lk_ecdhe_proof_take(copy, proof, own->group)) return false;
    own->poo_prf = copy->prf;
    own->poo_point = lk_bytes_of(copy->point, copy->point_len);
    own->poo_r = lk_bytes_of(copy->r, copy->r_len);
    return true;
}

int lurk_split_sign_ske_write(const struct lurk_split_sign_ske *in, uint8_t *message, size_t room,
                              size_t *len)
{
    struct lurk_split_sign_ske own;
    struct lurk_proof proof = {0};
    struct lk_split_sign_ske request;
    if (!LK_FIELDS_TAKE(own, in) || !lk_ecdhe_split_request(&own, &request))
        return LURK_ERR_ARGUMENT;
    bool good = own.kx == LURK_KX_DHE ? lk_dhe_proof_take(&request, own.dh_proof)
                                      : ecdhe_proof_put(&request, own.proof, &proof);
    if (!good) return LURK_ERR_ARGUMENT;
    struct lk_writer w = lk_message_start(message, room);
    lk_split_sign_ske_write(&w, &request);
    LK_WIPE(own); /* S */
    return lk_message_finish(&w, LURK_SPLIT, LURK_SPLIT_SIGN_SKE, len);
}

int lurk_split_sign_cert_verify_write(const struct lurk_split_sign_cert_verify *in,
                                      uint8_t *message, size_t room, size_t *len)
{
    struct lurk_split_sign_cert_verify own;
    if (!LK_FIELDS_TAKE(own, in) || own.role > LK_SPLIT_CLIENT ||
        (own.transcript_hash.len != 32 && own.transcript_hash.len != 48) ||
        own.transcript_hash.data == NULL)
        return LURK_ERR_ARGUMENT;
    struct lk_split_cert_verify request = {.role = own.role,
                                           .scheme = own.scheme,
                                           .transcript_hash = lk_bytes_in(own.transcript_hash)};
    key_id_take(request.key_id, own.key_id);
    struct lk_writer w = lk_message_start(message, room);
    lk_split_cert_verify_write(&w, &request);
    return lk_message_finish(&w, LURK_SPLIT, LURK_SPLIT_SIGN_CERT_VERIFY, len);
}

int lurk_split_sign_cert_request_write(const struct lurk_split_sign_cert_request *in,
                                       uint8_t *message, size_t room, size_t *len)
{
    struct lurk_split_sign_cert_request own;
    if (!LK_FIELDS_TAKE(own, in) || own.info.data == NULL || own.info.len == 0)
        return LURK_ERR_ARGUMENT;
    struct lk_split_cert_request request = {.scheme = own.scheme, .info = lk_bytes_in(own.info)};
    key_id_take(request.key_id, own.key_id);
    struct lk_writer w = lk_message_start(message, room);
    lk_split_cert_request_write(&w, &request);
    return lk_message_finish(&w, LURK_SPLIT, LURK_SPLIT_SIGN_CERT_REQUEST, len);
}

/* --- answers ---------------------------------------------------------------------------------- */

int lurk_split_premaster_read(const struct lurk_answer *answer,
                              uint8_t premaster[LURK_MASTER_BYTES])
{
    struct lk_bytes payload;
    const uint8_t *read;
    int fault = lk_answer_payload(answer, LURK_SPLIT, LURK_SPLIT_RSA_PREMASTER, &payload);
    if (fault < 0) return fault;
    if (!lk_split_premaster_parse(payload, &read)) return LURK_ERR_ANSWER;
    memcpy(premaster, read, LURK_MASTER_BYTES);
    return LURK_OK;
}

int lurk_split_capabilities_read(const struct lurk_answer *answer,
                                 struct lurk_split_capabilities *out)
{
    struct lk_bytes payload, state;
    struct lk_split_capabilities read;
    int fault = lk_answer_state(answer, LURK_SPLIT, &payload, &state);
    if (fault < 0) return fault;
    if (!lk_split_capabilities_parse(payload, &read)) return LURK_ERR_ANSWER;
    struct lurk_split_capabilities own = {.types = lk_bytes_out(read.types),
                                          .freshness = lk_bytes_out(read.freshness),
                                          .forms = lk_bytes_out(read.forms),
                                          .poo_prfs = lk_bytes_out(read.poo_prfs),
                                          .schemes = lk_bytes_out(read.schemes),
                                          .groups = lk_bytes_out(read.groups),
                                          .keys = lk_bytes_out(read.keys)};
    memcpy(own.state, state.data, sizeof own.state);
    return LK_FIELDS_GIVE(out, own) ? LURK_OK : LURK_ERR_ARGUMENT;
}
