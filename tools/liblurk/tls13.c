/* tls13: requests and answers of the tls13 extension, between the installed structs and
 * core/wire/tls13.h. */
#include "core/wire/tls13.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/lurk.h"
#include "tools/liblurk/answer.h"

_Static_assert((int)LURK_SECRET_COUNT >= (int)LK_TLS13_SECRET_COUNT, "every secret has a place");

static bool ephemeral_take(const struct lurk_tls13_s_init_cert_verify *in,
                           struct lk_tls13_ephemeral *out)
{
    *out = (struct lk_tls13_ephemeral){.method = in->ephemeral};
    if (in->ephemeral == LURK_CS_GENERATED) return true;
    const struct lk_tls13_group_row *row = lk_tls13_group_find(in->group);
    out->group = in->group;
    out->bytes = lk_bytes_in(in->shared_secret);
    return in->ephemeral == LURK_E_GENERATED && row != NULL && row->secret_bytes == out->bytes.len;
}

static bool cert_known(const struct lurk_tls13_s_init_cert_verify *in)
{
    if (in->cert_type == LURK_CERT_NONE) return in->entry_count == 0;
    if (in->cert_type != LURK_CERT_FINGERPRINT && in->cert_type != LURK_CERT_UNCOMPRESSED)
        return false;
    for (size_t i = 0; i < in->entry_count; i++) {
        size_t len = in->entry != NULL ? in->entry[i].certificate.len : 0;
        bool print = in->cert_type == LURK_CERT_FINGERPRINT;
        if (print ? len != LK_TLS13_FINGERPRINT_BYTES : len == 0) return false;
    }
    return true;
}

/* The entries one after the other, in memory of their own: they may be large, and a stack small
 * (a job of libcrypto's has 32 KiB). */
static int entries_make(const struct lurk_tls13_s_init_cert_verify *in, struct lk_writer *w)
{
    size_t size = 1;
    for (size_t i = 0; i < in->entry_count; i++) {
        size += in->entry[i].certificate.len + in->entry[i].extensions.len + 5;
        if (size > LURK_MESSAGE_BYTES_MAX) return LURK_ERR_ARGUMENT;
    }
    *w = lk_writer_of(malloc(size), size);
    if (w->base == NULL) return LURK_ERR_MEMORY;
    for (size_t i = 0; i < in->entry_count; i++) {
        const struct lk_tls13_entry entry = {.certificate = lk_bytes_in(in->entry[i].certificate),
                                             .extensions = lk_bytes_in(in->entry[i].extensions)};
        lk_tls13_entry_write(w, in->cert_type, &entry);
    }
    return w->bad ? LURK_ERR_ARGUMENT : LURK_OK;
}

int lurk_tls13_s_init_cert_verify_write(const struct lurk_tls13_s_init_cert_verify *in,
                                        uint8_t *message, size_t room, size_t *len)
{
    struct lurk_tls13_s_init_cert_verify own;
    struct lk_tls13_cert_verify request = {0};
    struct lk_writer entries = lk_writer_of(NULL, 0), w = lk_message_start(message, room);
    if (!LK_FIELDS_TAKE(own, in) || own.freshness >= LK_HASH_COUNT || !cert_known(&own) ||
        !ephemeral_take(&own, &request.ephemeral))
        return LURK_ERR_ARGUMENT;
    int fault = entries_make(&own, &entries);
    request.last = own.last;
    request.session_id = own.last ? NULL : own.session_id;
    request.freshness = own.freshness;
    request.messages = lk_bytes_in(own.handshake);
    request.certificate = (struct lk_tls13_cert){.type = own.cert_type,
                                                 .entries = lk_bytes_of(entries.base, entries.len)};
    request.secret_request = own.secret_request;
    request.sig_algo = own.sig_algo;
    if (fault == LURK_OK) lk_tls13_cert_verify_write(&w, &request);
    free(entries.base);
    return fault < 0 ? fault
                     : lk_message_finish(&w, LURK_TLS13, LURK_TLS13_S_INIT_CERT_VERIFY, len);
}

/* --- answers ---------------------------------------------------------------------------------- */

int lurk_tls13_s_init_cert_verify_read(const struct lurk_answer *answer,
                                       struct lurk_tls13_signed *out)
{
    struct lk_bytes payload, value;
    struct lk_tls13_cert_verify_reply reply;
    uint8_t code;
    int fault = lk_answer_payload(answer, LURK_TLS13, LURK_TLS13_S_INIT_CERT_VERIFY, &payload);
    if (fault < 0) return fault;
    if (!lk_tls13_cert_verify_reply_parse(payload, &reply) || reply.signature.len == 0)
        return LURK_ERR_ANSWER;
    struct lurk_tls13_signed own = {.last = reply.last,
                                    .ephemeral = reply.ephemeral.method,
                                    .group = reply.ephemeral.group,
                                    .key_exchange = lk_bytes_out(reply.ephemeral.bytes),
                                    .signature = lk_bytes_out(reply.signature)};
    if (reply.session_id != NULL) memcpy(own.session_id, reply.session_id, sizeof own.session_id);
    struct lk_cursor c = lk_cursor_of(reply.secrets);
    while (lk_tls13_secret_read(&c, &code, &value))
        if (code < LURK_SECRET_COUNT) own.secret[code] = lk_bytes_out(value);
    return LK_FIELDS_GIVE(out, own) ? LURK_OK : LURK_ERR_ARGUMENT;
}

int lurk_tls13_capabilities_read(const struct lurk_answer *answer,
                                 struct lurk_tls13_capabilities *out)
{
    struct lk_bytes payload, state;
    struct lk_tls13_capabilities read;
    int fault = lk_answer_state(answer, LURK_TLS13, &payload, &state);
    if (fault < 0) return fault;
    if (!lk_tls13_capabilities_parse(payload, &read)) return LURK_ERR_ANSWER;
    struct lurk_tls13_capabilities own = {.types = lk_bytes_out(read.types),
                                          .freshness = lk_bytes_out(read.freshness),
                                          .ephemeral = lk_bytes_out(read.methods),
                                          .groups = lk_bytes_out(read.groups),
                                          .cipher_suites = lk_bytes_out(read.suites),
                                          .schemes = lk_bytes_out(read.schemes),
                                          .cert_types = lk_bytes_out(read.certs),
                                          .fingerprints = lk_bytes_out(read.fingerprints)};
    memcpy(own.state, state.data, sizeof own.state);
    return LK_FIELDS_GIVE(out, own) ? LURK_OK : LURK_ERR_ARGUMENT;
}
