#include "core/wire/split.h"

#include "core/base/err.h"

#define MALFORMED LK_SPLIT_INVALID_PAYLOAD_FORMAT
#define CURVE_TYPE_NAMED 3 /* RFC 8422 5.4 */
#define POO_PRF_LAST 2

/* The type decides how long the id is, so it is judged when met (lurk-tls12.md 2). */
static uint8_t key_id_read(struct lk_cursor *c, uint8_t key_id[1 + LK_KEY_ID_BYTES])
{
    key_id[0] = lk_cursor_u8(c);
    LK_REQUIRE(!c->bad, MALFORMED);
    LK_REQUIRE(key_id[0] == 0, LK_SPLIT_INVALID_KEY_ID_TYPE);
    struct lk_bytes id = lk_cursor_take(c, LK_KEY_ID_BYTES);
    LK_REQUIRE(!c->bad, MALFORMED);
    memcpy(key_id + 1, id.data, LK_KEY_ID_BYTES);
    return 0;
}

/* --- rsa_premaster, lurk-split.md 2 ----------------------------------------------------------- */

uint8_t lk_split_rsa_premaster_parse(struct lk_bytes payload, struct lk_split_rsa_premaster *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = key_id_read(&c, out->key_id);
    if (fault != 0) return fault;
    out->client_version = lk_cursor_u16(&c);
    out->ciphertext = lk_cursor_vec16(&c);
    return lk_cursor_done(&c) ? 0 : MALFORMED;
}

uint8_t lk_split_rsa_premaster_judge(const struct lk_split_rsa_premaster *out)
{
    bool known = out->client_version == LK_SPLIT_VERSION_TLS12 ||
                 out->client_version == LK_SPLIT_VERSION_DTLS12;
    return known ? 0 : MALFORMED;
}

void lk_split_rsa_premaster_write(struct lk_writer *w, const struct lk_split_rsa_premaster *in)
{
    lk_writer_put(w, in->key_id, sizeof in->key_id);
    lk_writer_u16(w, in->client_version);
    lk_writer_vec16(w, in->ciphertext);
}

/* --- sign_cert_verify, lurk-split.md 6 -------------------------------------------------------- */

uint8_t lk_split_cert_verify_parse(struct lk_bytes payload, struct lk_split_cert_verify *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = key_id_read(&c, out->key_id);
    if (fault != 0) return fault;
    out->role = lk_cursor_u8(&c);
    out->scheme = lk_cursor_u16(&c);
    out->transcript_hash = lk_cursor_vec8(&c);
    LK_REQUIRE(lk_cursor_done(&c), MALFORMED);
    return out->role <= LK_SPLIT_CLIENT ? 0 : MALFORMED;
}

void lk_split_cert_verify_write(struct lk_writer *w, const struct lk_split_cert_verify *in)
{
    lk_writer_put(w, in->key_id, sizeof in->key_id);
    lk_writer_u8(w, in->role);
    lk_writer_u16(w, in->scheme);
    lk_writer_vec8(w, in->transcript_hash);
}

bool lk_split_all_equal(struct lk_bytes bytes)
{
    for (size_t i = 1; i < bytes.len; i++)
        if (bytes.data[i] != bytes.data[0]) return false;
    return true;
}

bool lk_split_randoms_constant(const struct lk_split_sign_ske *request)
{
    return lk_split_all_equal(lk_bytes_of(request->client_random, LK_RANDOM_BYTES)) ||
           lk_split_all_equal(lk_bytes_of(request->server_random, LK_RANDOM_BYTES));
}

bool lk_split_digest_good(struct lk_bytes transcript_hash)
{
    bool length = transcript_hash.len == 32 || transcript_hash.len == 48;
    return length && !lk_split_all_equal(transcript_hash);
}

/* --- sign_cert_request, docs/protocol.md ------------------------------------------------------ */

uint8_t lk_split_cert_request_parse(struct lk_bytes payload, struct lk_split_cert_request *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = key_id_read(&c, out->key_id);
    if (fault != 0) return fault;
    out->scheme = lk_cursor_u16(&c);
    out->info = lk_cursor_vec16(&c);
    return lk_cursor_done(&c) ? 0 : MALFORMED;
}

void lk_split_cert_request_write(struct lk_writer *w, const struct lk_split_cert_request *in)
{
    lk_writer_put(w, in->key_id, sizeof in->key_id);
    lk_writer_u16(w, in->scheme);
    lk_writer_vec16(w, in->info);
}

/* --- sign_ske, lurk-split.md 4 ---------------------------------------------------------------- */

/* ServerECDHParams. Curve type and curve are judged when met: they say how wide the rest is. */
static uint8_t ecdhe_params_cut(struct lk_split_sign_ske *out)
{
    struct lk_cursor c = lk_cursor_of(out->params);
    uint8_t curve_type = lk_cursor_u8(&c);
    LK_REQUIRE(!c.bad, MALFORMED);
    LK_REQUIRE(curve_type == CURVE_TYPE_NAMED, LK_SPLIT_INVALID_GROUP);
    out->group = lk_cursor_u16(&c);
    LK_REQUIRE(!c.bad, MALFORMED);
    LK_REQUIRE(lk_group_find(out->group) != NULL, LK_SPLIT_INVALID_GROUP);
    out->share = lk_cursor_vec8(&c);
    return lk_cursor_done(&c) ? 0 : MALFORMED;
}

bool lk_split_dhe_read(struct lk_bytes params, struct lk_split_dhe *out)
{
    struct lk_cursor c = lk_cursor_of(params);
    out->p = lk_cursor_vec16(&c);
    out->g = lk_cursor_vec16(&c);
    out->share = lk_cursor_vec16(&c);
    return lk_cursor_done(&c);
}

static uint8_t dhe_params_cut(struct lk_split_sign_ske *out)
{
    struct lk_split_dhe read;
    LK_REQUIRE(lk_split_dhe_read(out->params, &read), MALFORMED);
    out->p = read.p;
    out->g = read.g;
    out->share = read.share;
    return 0;
}

static void ecdhe_proof_cut(struct lk_cursor *c, struct lk_split_sign_ske *out)
{
    out->poo_point = lk_cursor_vec8(c);
    out->poo_r = lk_cursor_take(c, lk_group_find(out->group)->scalar_bytes);
}

/* lurk-split.md 1: V and r are |p| bytes each. */
static void dhe_proof_cut(struct lk_cursor *c, struct lk_split_sign_ske *out)
{
    out->poo_point = lk_cursor_vec16(c);
    out->poo_r = lk_cursor_vec16(c);
    if (out->poo_point.len != out->p.len || out->poo_r.len != out->p.len) c->bad = true;
}

static void ecdhe_proof_write(struct lk_writer *w, const struct lk_split_sign_ske *in)
{
    lk_writer_vec8(w, in->poo_point);
    lk_writer_put(w, in->poo_r.data, in->poo_r.len);
}

static void dhe_proof_write(struct lk_writer *w, const struct lk_split_sign_ske *in)
{
    lk_writer_vec16(w, in->poo_point);
    lk_writer_vec16(w, in->poo_r);
}

static const struct kx_row {
    uint8_t (*params)(struct lk_split_sign_ske *out);
    void (*proof)(struct lk_cursor *c, struct lk_split_sign_ske *out);
    void (*write)(struct lk_writer *w, const struct lk_split_sign_ske *in);
} kxs[] = {
    [LK_SPLIT_DHE] = {dhe_params_cut, dhe_proof_cut, dhe_proof_write},
    [LK_SPLIT_ECDHE] = {ecdhe_params_cut, ecdhe_proof_cut, ecdhe_proof_write},
};

static const struct kx_row *kx_find(uint8_t kx)
{
    return kx < sizeof kxs / sizeof kxs[0] && kxs[kx].params != NULL ? &kxs[kx] : NULL;
}

static uint8_t proof_cut(struct lk_cursor *c, const struct kx_row *kx,
                         struct lk_split_sign_ske *out)
{
    out->poo_prf = lk_cursor_u8(c);
    LK_REQUIRE(!c->bad, MALFORMED);
    LK_REQUIRE(out->poo_prf <= POO_PRF_LAST, LK_SPLIT_INVALID_POO_PRF); /* it says what follows */
    out->poo_point = out->poo_r = lk_bytes_of(c->at, 0);
    if (out->poo_prf != 0) kx->proof(c, out);
    return lk_cursor_done(c) ? 0 : MALFORMED;
}

uint8_t lk_split_sign_ske_cut(struct lk_bytes payload, struct lk_split_sign_ske *out)
{
    *out = (struct lk_split_sign_ske){0};
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = key_id_read(&c, out->common.key_id);
    if (fault != 0) return fault;
    out->common.freshness = lk_cursor_u8(&c);
    out->client_random = lk_cursor_take(&c, LK_RANDOM_BYTES).data;
    out->server_random = lk_cursor_take(&c, LK_RANDOM_BYTES).data;
    out->sig_and_hash = lk_cursor_u16(&c);
    out->kx = lk_cursor_u8(&c);
    out->params = lk_cursor_vec16(&c);
    const struct kx_row *kx = kx_find(out->kx);
    LK_REQUIRE(!c.bad && kx != NULL, MALFORMED);
    fault = kx->params(out);
    return fault != 0 ? fault : proof_cut(&c, kx, out);
}

uint8_t lk_split_sign_ske_judge(const struct lk_split_sign_ske *out)
{
    if (out->kx != LK_SPLIT_ECDHE) return 0;
    const struct lk_group_row *row = lk_group_find(out->group);
    LK_REQUIRE(out->share.len == row->point_bytes, LK_SPLIT_INVALID_PUBLIC_VALUE);
    LK_REQUIRE(out->poo_prf == 0 || out->poo_point.len == row->point_bytes,
               LK_SPLIT_INVALID_PUBLIC_VALUE);
    return 0;
}

uint8_t lk_split_sign_ske_parse(struct lk_bytes payload, struct lk_split_sign_ske *out)
{
    uint8_t fault = lk_split_sign_ske_cut(payload, out);
    return fault != 0 ? fault : lk_split_sign_ske_judge(out);
}

void lk_split_sign_ske_write(struct lk_writer *w, const struct lk_split_sign_ske *in)
{
    const struct kx_row *kx = kx_find(in->kx);
    lk_writer_put(w, in->common.key_id, sizeof in->common.key_id);
    lk_writer_u8(w, in->common.freshness);
    lk_writer_put(w, in->client_random, LK_RANDOM_BYTES);
    lk_writer_put(w, in->server_random, LK_RANDOM_BYTES);
    lk_writer_u16(w, in->sig_and_hash);
    lk_writer_u8(w, in->kx);
    lk_writer_vec16(w, in->params);
    lk_writer_u8(w, in->poo_prf);
    if (kx == NULL)
        w->bad = true;
    else if (in->poo_prf != 0)
        kx->write(w, in);
}

/* --- replies ---------------------------------------------------------------------------------- */

bool lk_split_premaster_parse(struct lk_bytes payload, const uint8_t **premaster)
{
    *premaster = payload.data;
    return payload.len == LK_SPLIT_PREMASTER_BYTES;
}

void lk_split_premaster_write(struct lk_writer *w,
                              const uint8_t premaster[LK_SPLIT_PREMASTER_BYTES])
{
    lk_writer_put(w, premaster, LK_SPLIT_PREMASTER_BYTES);
}

bool lk_split_signature_parse(struct lk_bytes payload, struct lk_bytes *signature)
{
    return lk_tls12_signature_parse(payload, signature);
}

void lk_split_signature_write(struct lk_writer *w, struct lk_bytes signature)
{
    lk_tls12_signature_write(w, signature);
}

/* --- capabilities, lurk-split.md 10 ----------------------------------------------------------- */

bool lk_split_capabilities_parse(struct lk_bytes payload, struct lk_split_capabilities *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    out->types = lk_cursor_vec8(&c);
    out->freshness = lk_cursor_vec8(&c);
    out->forms = lk_cursor_vec8(&c);
    out->poo_prfs = lk_cursor_vec8(&c);
    out->schemes = lk_cursor_vec16(&c);
    out->groups = lk_cursor_vec16(&c);
    out->keys = lk_cursor_vec16(&c);
    return lk_cursor_done(&c) && out->schemes.len % 2 == 0 && out->groups.len % 2 == 0 &&
           out->keys.len % LK_SPLIT_KEY_BYTES == 0;
}

void lk_split_capabilities_write(struct lk_writer *w, const struct lk_split_capabilities *in)
{
    lk_writer_vec8(w, in->types);
    lk_writer_vec8(w, in->freshness);
    lk_writer_vec8(w, in->forms);
    lk_writer_vec8(w, in->poo_prfs);
    lk_writer_vec16(w, in->schemes);
    lk_writer_vec16(w, in->groups);
    lk_writer_vec16(w, in->keys);
}
