#include "core/exec/run_tls13.h"

#include <string.h>

#include "core/exec/sign.h"
#include "core/policy/freshness.h"
#include "crypto/ct.h"
#include "crypto/schedule.h"

enum { CERTIFICATE = 11, CERTIFICATE_VERIFY = 15, FINISHED = 20, MESSAGE_HASH = 254 };

/* --- steps 1 to 5 ----------------------------------------------------------------------------- */

uint8_t lk_run_s_init_cut(struct lk_lane *lane)
{
    struct lk_tls13_cert_verify *request = &lane->request.s_init;
    return lk_tls13_cert_verify_parse(lk_bytes_of(lane->job, lane->job_bytes), request);
}

/* Step 3. */
bool lk_run_s_init_names_key(const struct lk_lane *lane)
{
    const struct lk_key *key = lane->key;
    return key->certs != NULL &&
           lk_certs_name_key(key->certs, &key->keyid, &lane->request.s_init.certificate);
}

uint8_t lk_run_s_init_funct(const struct lk_lane *lane)
{
    (void)lane;
    return 0; /* the cut judged it */
}

static bool method_open(const struct lk_lane *lane, uint8_t method)
{
    uint8_t open = lk_lane_head(lane)->methods & lane->key->rights.methods;
    return (open >> (method - LK_TLS13_E_GENERATED) & 1) != 0;
}

/* Steps 4 and 5. */
uint8_t lk_run_s_init_check(struct lk_lane *lane)
{
    const struct lk_tls13_cert_verify *request = &lane->request.s_init;
    lane->scheme = request->sig_algo;
    lane->hash = request->handshake.hash;
    LK_REQUIRE(lk_tls13_scheme_offered(&request->handshake, request->sig_algo) &&
                   lk_sign_allowed_tls13(lane, request->sig_algo),
               LK_TLS13_INVALID_SIGNATURE_SCHEME);
    LK_REQUIRE(method_open(lane, request->ephemeral.method), LK_TLS13_INVALID_EPHEMERAL);
    LK_REQUIRE(lk_tls13_shares_good(request), LK_TLS13_INVALID_EPHEMERAL);
    bool make = request->ephemeral.method == LK_TLS13_CS_GENERATED;
    lane->row = make ? lk_share_row(request->handshake.group) : lane->key->row;
    return lane->row < LK_ROW_COUNT ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

/* --- the transcript --------------------------------------------------------------------------- */

static void add(struct lk_lane *lane, struct lk_bytes bytes)
{
    lk_hash_add(&lane->tls13.transcript, bytes.data, bytes.len);
}

static void add_number(struct lk_lane *lane, uint32_t value, unsigned bytes)
{
    uint8_t number[4];
    struct lk_writer w = lk_writer_of(number, sizeof number);
    lk_writer_u32(&w, value);
    lk_hash_add(&lane->tls13.transcript, number + 4 - bytes, bytes);
}

/* So far; the transcript goes on. */
static void transcript_hash(const struct lk_lane *lane, uint8_t out[LK_HASH_BYTES_MAX])
{
    struct lk_hash_state copy = lane->tls13.transcript;
    lk_hash_finish(&copy, out);
}

/* RFC 8446 4.4.1: the first ClientHello of two counts as a message with its hash. */
static void add_first_hello(struct lk_lane *lane, struct lk_bytes hello)
{
    uint8_t digest[LK_HASH_BYTES_MAX];
    lk_hash(lane->hash, hello.data, hello.len, digest);
    add_number(lane, MESSAGE_HASH, 1);
    add_number(lane, (uint32_t)lk_hash_bytes(lane->hash), 3);
    lk_hash_add(&lane->tls13.transcript, digest, lk_hash_bytes(lane->hash));
}

static struct lk_bytes part(struct lk_bytes of, size_t from, size_t to)
{
    return lk_bytes_of(of.data + from, to - from);
}

static uint32_t number_at(struct lk_bytes of, size_t at, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | of.data[at + i];
    return value;
}

/* Step 5: with the share of the lane in the place of an empty one, the message, its extensions and
 * key_share grow by as much. */
static void add_server_hello(struct lk_lane *lane)
{
    const struct lk_tls13_handshake *h = &lane->request.s_init.handshake;
    struct lk_bytes hello = h->server_hello;
    uint32_t more = lane->tls13.share_bytes;
    if (more == 0) {
        add(lane, hello);
        return;
    }
    size_t extensions = h->extensions_at, share = h->key_share_at; /* its data: group, vec16 */
    add(lane, part(hello, 0, 1));
    add_number(lane, number_at(hello, 1, 3) + more, 3);
    add(lane, part(hello, 4, extensions));
    add_number(lane, number_at(hello, extensions, 2) + more, 2);
    add(lane, part(hello, extensions + 2, share - 2));
    add_number(lane, number_at(hello, share - 2, 2) + more, 2);
    add(lane, part(hello, share, share + 2));
    add_number(lane, more, 2);
    lk_hash_add(&lane->tls13.transcript, lane->tls13.share, more);
    add(lane, part(hello, share + 4, hello.len));
}

/* An entry of TLS's Certificate. */
static struct lk_bytes entry_der(const struct lk_lane *lane, uint16_t type,
                                 const struct lk_tls13_entry *entry)
{
    if (type != LK_TLS13_CERT_FINGER_PRINT) return entry->certificate;
    return lk_certs_find(lane->key->certs, entry->certificate.data)->der;
}

static uint32_t certificate_list_bytes(const struct lk_lane *lane, const struct lk_tls13_cert *cert)
{
    struct lk_cursor c = lk_cursor_of(cert->entries);
    struct lk_tls13_entry entry;
    size_t bytes = 0;
    while (lk_tls13_entry_read(&c, cert->type, &entry))
        bytes += 3 + entry_der(lane, cert->type, &entry).len + 2 + entry.extensions.len;
    return (uint32_t)bytes;
}

/* Step 8: type 11, an empty context, each entry with its full DER and the given extensions. */
static void add_certificate(struct lk_lane *lane)
{
    const struct lk_tls13_cert *cert = &lane->request.s_init.certificate;
    uint32_t list = certificate_list_bytes(lane, cert);
    struct lk_cursor c = lk_cursor_of(cert->entries);
    struct lk_tls13_entry entry;
    add_number(lane, CERTIFICATE, 1);
    add_number(lane, 1 + 3 + list, 3);
    add_number(lane, 0, 1);
    add_number(lane, list, 3);
    while (lk_tls13_entry_read(&c, cert->type, &entry)) {
        struct lk_bytes der = entry_der(lane, cert->type, &entry);
        add_number(lane, (uint32_t)der.len, 3);
        add(lane, der);
        add_number(lane, (uint32_t)entry.extensions.len, 2);
        add(lane, entry.extensions);
    }
}

/* --- steps 6 to 8 ----------------------------------------------------------------------------- */

static uint8_t *secret_of(struct lk_lane *lane, enum lk_tls13_secret code)
{
    return lane->tls13.secret[code - LK_TLS13_H_C];
}

static void expand(struct lk_lane *lane, const char *label,
                   const uint8_t transcript[LK_HASH_BYTES_MAX], enum lk_tls13_secret code)
{
    lk_tls13_expand(lane->hash, lane->tls13.master, label, transcript, lk_hash_bytes(lane->hash),
                    secret_of(lane, code));
}

/* Step 7, and the transcript through ServerHello. master is the handshake secret for a moment. */
static void schedule_begin(struct lk_lane *lane, struct lk_bytes shared)
{
    const struct lk_tls13_handshake *h = &lane->request.s_init.handshake;
    uint8_t transcript[LK_HASH_BYTES_MAX];
    lk_hash_start(&lane->tls13.transcript, lane->hash);
    if (h->first_hello.len > 0) add_first_hello(lane, h->first_hello);
    add(lane, h->retry);
    add(lane, h->client_hello);
    add_server_hello(lane);
    transcript_hash(lane, transcript);
    lk_tls13_handshake_secret(lane->hash, shared.data, shared.len, lane->tls13.master);
    expand(lane, "c hs traffic", transcript, LK_TLS13_H_C);
    expand(lane, "s hs traffic", transcript, LK_TLS13_H_S);
    lk_tls13_master_secret(lane->hash, lane->tls13.master, lane->tls13.master);
}

/* Step 8. */
static bool signature_start(struct lk_lane *lane, struct lk_rng *rng)
{
    uint8_t transcript[LK_HASH_BYTES_MAX];
    add(lane, lane->request.s_init.handshake.rest);
    add_certificate(lane);
    transcript_hash(lane, transcript);
    return lk_sign_cert_verify_start(lane, lane->scheme, false,
                                     lk_bytes_of(transcript, lk_hash_bytes(lane->hash)), rng);
}

uint8_t lk_run_s_init_start(struct lk_lane *lane, struct lk_rng *rng)
{
    struct lk_tls13_cert_verify *request = &lane->request.s_init;
    uint8_t *random = lane->job + (request->handshake.server_random - lane->job);
    lk_freshness_tls13(request->freshness, random, random); /* step 6 */
    memcpy(lane->fs, random, sizeof lane->fs);              /* for the audit record */
    if (request->ephemeral.method == LK_TLS13_CS_GENERATED) {
        struct lk_bytes share = lk_tls13_share_find(request->handshake.client_shares,
                                                    request->handshake.group);
        lane->operand = (struct lk_operand){
            .in = share.data, .in_bytes = share.len, .out = lane->out};
        return 0;
    }
    struct lk_bytes shared = request->ephemeral.bytes;
    schedule_begin(lane, shared);
    lk_wipe(lane->job + (shared.data - lane->job), shared.len);
    return signature_start(lane, rng) ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

/* --- step 9 ----------------------------------------------------------------------------------- */

static void add_certificate_verify(struct lk_lane *lane)
{
    uint32_t signature = (uint32_t)lane->operand.out_bytes;
    add_number(lane, CERTIFICATE_VERIFY, 1);
    add_number(lane, 2 + 2 + signature, 3);
    add_number(lane, lane->scheme, 2);
    add_number(lane, signature, 2);
    lk_hash_add(&lane->tls13.transcript, lane->out, signature);
}

static void add_finished(struct lk_lane *lane)
{
    uint8_t transcript[LK_HASH_BYTES_MAX], verify_data[LK_HASH_BYTES_MAX];
    size_t bytes = lk_hash_bytes(lane->hash);
    transcript_hash(lane, transcript);
    lk_tls13_finished(lane->hash, secret_of(lane, LK_TLS13_H_S), transcript, verify_data);
    add_number(lane, FINISHED, 1);
    add_number(lane, (uint32_t)bytes, 3);
    lk_hash_add(&lane->tls13.transcript, verify_data, bytes);
    LK_WIPE(verify_data);
}

static void schedule_end(struct lk_lane *lane)
{
    uint8_t transcript[LK_HASH_BYTES_MAX];
    add_certificate_verify(lane);
    add_finished(lane);
    transcript_hash(lane, transcript);
    expand(lane, "c ap traffic", transcript, LK_TLS13_A_C);
    expand(lane, "s ap traffic", transcript, LK_TLS13_A_S);
    expand(lane, "exp master", transcript, LK_TLS13_X);
}

/* The kernel wrote the server's share, then the secret. */
static void share_take(struct lk_lane *lane)
{
    const struct lk_tls13_group_row *row =
        lk_tls13_group_find(lane->request.s_init.handshake.group);
    LK_ASSERT(lane->operand.out_bytes == (size_t)row->share_bytes + row->secret_bytes);
    memcpy(lane->tls13.share, lane->out, row->share_bytes);
    lane->tls13.share_bytes = row->share_bytes;
    schedule_begin(lane, lk_bytes_of(lane->out + row->share_bytes, row->secret_bytes));
    lk_wipe(lane->out, lane->operand.out_bytes);
}

bool lk_run_s_init_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    lk_lane_answer(lane, LK_STATUS_UNDEFINED_ERROR);
    if (lane->operand.key != NULL) { /* the signature */
        if (!good) return false;
        schedule_end(lane);
        lk_lane_answer(lane, LK_STATUS_SUCCESS);
        return false;
    }
    if (!good) {
        if (lane->operand.point_bad) lk_lane_answer(lane, LK_TLS13_INVALID_EPHEMERAL);
        return false;
    }
    share_take(lane);
    return signature_start(lane, rng);
}

/* --- step 10 ---------------------------------------------------------------------------------- */

/* Requested, permitted for the type, and allowed by the rules of the edge and of the key. */
static bool given(const struct lk_lane *lane, unsigned code)
{
    uint8_t open = lk_lane_head(lane)->secrets & lane->key->rights.secrets;
    return (lane->request.s_init.secret_request & LK_TLS13_SECRET_BIT(code)) != 0 &&
           (open >> (code - LK_TLS13_H_C) & 1) != 0;
}

/* Policy ends each session with this exchange: none is kept. */
void lk_run_s_init_write(const struct lk_lane *lane, struct lk_writer *w)
{
    uint8_t list[LK_TLS13_WORK_SECRETS * (2 + LK_TLS13_SECRET_BYTES_MAX)];
    struct lk_writer secrets = lk_writer_of(list, sizeof list);
    for (unsigned code = LK_TLS13_H_C; code <= LK_TLS13_X; code++)
        if (given(lane, code))
            lk_tls13_secret_write(&secrets, (uint8_t)code,
                                  lk_bytes_of(lane->tls13.secret[code - LK_TLS13_H_C],
                                              lk_hash_bytes(lane->hash)));
    const struct lk_tls13_cert_verify_reply reply = {
        .last = true,
        .ephemeral = {.method = lane->request.s_init.ephemeral.method,
                      .group = lane->request.s_init.handshake.group,
                      .bytes = lk_bytes_of(lane->tls13.share, lane->tls13.share_bytes)},
        .secrets = lk_bytes_of(list, secrets.len),
        .signature = lk_bytes_of(lane->out, lane->operand.out_bytes)};
    lk_tls13_cert_verify_reply_write(w, &reply);
    LK_WIPE(list);
}
