#include "core/wire/tls12.h"

#include "core/base/err.h"
#include "core/wire/tls12_common.h"

uint8_t lk_tls12_common_read(struct lk_cursor *c, struct lk_tls12_common *common)
{
    common->key_id[0] = lk_cursor_u8(c);
    LK_REQUIRE(!c->bad, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    /* lurk-tls12.md 2: sha256_32 is the only type, and the type decides how long the id is, so it
     * is judged when it is met, however short the rest. */
    LK_REQUIRE(common->key_id[0] == 0, LK_TLS12_INVALID_KEY_ID_TYPE);
    struct lk_bytes id = lk_cursor_take(c, LK_KEY_ID_BYTES);
    common->freshness = lk_cursor_u8(c);
    LK_REQUIRE(!c->bad, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    memcpy(common->key_id + 1, id.data, LK_KEY_ID_BYTES);
    return 0;
}

void lk_tls12_common_write(struct lk_writer *w, const struct lk_tls12_common *common)
{
    lk_writer_put(w, common->key_id, sizeof common->key_id);
    lk_writer_u8(w, common->freshness);
}

/* --- rsa_master, lurk-tls12.md 3 -------------------------------------------------------------- */

uint8_t lk_tls12_rsa_master_parse(struct lk_bytes payload, struct lk_tls12_rsa_master *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = lk_tls12_common_read(&c, &out->common);
    if (fault != 0) return fault;
    out->prf_hash = lk_cursor_u8(&c);
    out->client_random = lk_cursor_take(&c, LK_RANDOM_BYTES).data;
    out->server_random = lk_cursor_take(&c, LK_RANDOM_BYTES).data;
    /* The rest is the ciphertext, raw (D7); only the key tells its length, in step 4. */
    out->encrypted_premaster = lk_cursor_take(&c, lk_cursor_left(&c));
    return lk_cursor_done(&c) ? 0 : LK_TLS12_INVALID_PAYLOAD_FORMAT;
}

void lk_tls12_rsa_master_write(struct lk_writer *w, const struct lk_tls12_rsa_master *in)
{
    lk_tls12_common_write(w, &in->common);
    lk_writer_u8(w, in->prf_hash);
    lk_writer_put(w, in->client_random, LK_RANDOM_BYTES);
    lk_writer_put(w, in->server_random, LK_RANDOM_BYTES);
    lk_writer_put(w, in->encrypted_premaster.data, in->encrypted_premaster.len);
}

/* --- ecdhe, lurk-tls12.md 6 ------------------------------------------------------------------- */

#define CURVE_TYPE_NAMED 3 /* RFC 8422 5.4 */
#define POO_PRF_LAST 2

static const struct lk_group_row groups[] = {
    {LK_GROUP_SECP256R1, 65, 32, "secp256r1"},  {LK_GROUP_SECP384R1, 97, 48, "secp384r1"},
    {LK_GROUP_SECP521R1, 133, 66, "secp521r1"}, {LK_GROUP_X25519, 32, 32, "x25519"},
    {LK_GROUP_X448, 56, 56, "x448"},
};

const struct lk_group_row *lk_group_find(uint16_t group)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (groups[i].group == group) return &groups[i];
    return NULL;
}

/* ecdhe_params; *row is the group's. */
static uint8_t params_cut(struct lk_cursor *c, struct lk_tls12_ecdhe *out,
                          const struct lk_group_row **row)
{
    const uint8_t *start = c->at;
    uint8_t curve_type = lk_cursor_u8(c);
    LK_REQUIRE(!c->bad, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    /* lurk-tls12.md 6 step 4, judged when met (2): other curve types lay the rest out
     * differently. */
    LK_REQUIRE(curve_type == CURVE_TYPE_NAMED, LK_TLS12_INVALID_EC_TYPE);
    out->group = lk_cursor_u16(c);
    LK_REQUIRE(!c->bad, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    *row = lk_group_find(out->group);
    /* lurk-tls12.md 6 step 4, judged when met (2): the group says how wide r is. */
    LK_REQUIRE(*row != NULL, LK_TLS12_INVALID_EC_CURVE);
    out->point = lk_cursor_vec8(c);
    LK_REQUIRE(!c->bad, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    out->params = lk_bytes_of(start, (size_t)(c->at - start));
    return 0;
}

static uint8_t proof_cut(struct lk_cursor *c, struct lk_tls12_ecdhe *out, size_t scalar_bytes)
{
    out->poo_prf = lk_cursor_u8(c);
    LK_REQUIRE(!c->bad, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    /* lurk-tls12.md 6 step 5, judged when met (2): it says whether a proof follows. */
    LK_REQUIRE(out->poo_prf <= POO_PRF_LAST, LK_TLS12_INVALID_POO_PRF);
    out->poo_point = out->poo_r = lk_bytes_of(c->at, 0);
    if (out->poo_prf != 0) {
        out->poo_point = lk_cursor_vec8(c);
        out->poo_r = lk_cursor_take(c, scalar_bytes);
    }
    return lk_cursor_done(c) ? 0 : LK_TLS12_INVALID_PAYLOAD_FORMAT;
}

uint8_t lk_tls12_ecdhe_cut(struct lk_bytes payload, struct lk_tls12_ecdhe *out)
{
    const struct lk_group_row *row;
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = lk_tls12_common_read(&c, &out->common);
    if (fault != 0) return fault;
    out->client_random = lk_cursor_take(&c, LK_RANDOM_BYTES).data;
    out->server_random = lk_cursor_take(&c, LK_RANDOM_BYTES).data;
    out->sig_and_hash = lk_cursor_u16(&c);
    fault = params_cut(&c, out, &row);
    return fault != 0 ? fault : proof_cut(&c, out, row->scalar_bytes);
}

uint8_t lk_tls12_ecdhe_judge(const struct lk_tls12_ecdhe *out)
{
    const struct lk_group_row *row = lk_group_find(out->group);
    /* lurk-tls12.md 6 step 4: the group has one point form and one length. */
    LK_REQUIRE(out->point.len == row->point_bytes, LK_TLS12_INVALID_PAYLOAD_FORMAT);
    /* lurk-tls12.md 7: vG is checked like bG. */
    LK_REQUIRE(out->poo_prf == 0 || out->poo_point.len == row->point_bytes,
               LK_TLS12_INVALID_PAYLOAD_FORMAT);
    return 0;
}

uint8_t lk_tls12_ecdhe_parse(struct lk_bytes payload, struct lk_tls12_ecdhe *out)
{
    uint8_t fault = lk_tls12_ecdhe_cut(payload, out);
    return fault != 0 ? fault : lk_tls12_ecdhe_judge(out);
}

void lk_tls12_ecdhe_write(struct lk_writer *w, const struct lk_tls12_ecdhe *in)
{
    lk_tls12_common_write(w, &in->common);
    lk_writer_put(w, in->client_random, LK_RANDOM_BYTES);
    lk_writer_put(w, in->server_random, LK_RANDOM_BYTES);
    lk_writer_u16(w, in->sig_and_hash);
    lk_writer_put(w, in->params.data, in->params.len);
    lk_writer_u8(w, in->poo_prf);
    if (in->poo_prf == 0) return;
    lk_writer_vec8(w, in->poo_point);
    lk_writer_put(w, in->poo_r.data, in->poo_r.len);
}

/* --- what the front looks at ------------------------------------------------------------------ */

static uint8_t rsa_master_peek(struct lk_bytes payload, uint8_t type,
                               struct lk_tls12_common *common, const uint8_t **server_random)
{
    (void)type;
    struct lk_tls12_rsa_master cut;
    uint8_t fault = lk_tls12_rsa_master_parse(payload, &cut);
    if (fault != 0) return fault;
    *common = cut.common;
    *server_random = cut.server_random;
    return 0;
}

static uint8_t handshake_peek(struct lk_bytes payload, uint8_t type,
                              struct lk_tls12_common *common, const uint8_t **server_random)
{
    struct lk_tls12_handshake cut;
    uint8_t fault = lk_tls12_handshake_cut(payload, type, &cut);
    if (fault != 0) return fault;
    *common = cut.common;
    *server_random = lk_tls12_handshake_judge(&cut, type) == 0 ? cut.server_random : NULL;
    return 0;
}

static uint8_t ecdhe_peek(struct lk_bytes payload, uint8_t type, struct lk_tls12_common *common,
                          const uint8_t **server_random)
{
    (void)type;
    struct lk_tls12_ecdhe cut;
    uint8_t fault = lk_tls12_ecdhe_cut(payload, &cut);
    if (fault != 0) return fault;
    *common = cut.common;
    *server_random = cut.server_random;
    return 0;
}

static uint8_t (*const peeks[])(struct lk_bytes, uint8_t, struct lk_tls12_common *,
                                const uint8_t **) = {
    [LK_TLS12_RSA_MASTER] = rsa_master_peek,
    [LK_TLS12_RSA_MASTER_WITH_POH] = handshake_peek,
    [LK_TLS12_RSA_EXTENDED_MASTER] = handshake_peek,
    [LK_TLS12_RSA_EXTENDED_MASTER_WITH_POH] = handshake_peek,
    [LK_TLS12_ECDHE] = ecdhe_peek,
};

uint8_t lk_tls12_peek(struct lk_bytes payload, uint8_t type, struct lk_tls12_common *common,
                      const uint8_t **server_random)
{
    LK_ASSERT(type >= LK_TLS12_RSA_MASTER && type <= LK_TLS12_ECDHE);
    *server_random = NULL;
    return peeks[type](payload, type, common, server_random);
}

/* --- reply of ecdhe --------------------------------------------------------------------------- */

bool lk_tls12_signature_parse(struct lk_bytes payload, struct lk_bytes *signature)
{
    struct lk_cursor c = lk_cursor_of(payload);
    *signature = lk_cursor_vec16(&c); /* D20 */
    return lk_cursor_done(&c);
}

void lk_tls12_signature_write(struct lk_writer *w, struct lk_bytes signature)
{
    lk_writer_vec16(w, signature);
}
