#include "core/wire/tls13.h"

#include "core/base/err.h"

#define MALFORMED LK_TLS13_INVALID_FORMAT

/* --- certificates, lurk-tls13.md 2 ------------------------------------------------------------ */

bool lk_tls13_entry_read(struct lk_cursor *c, uint16_t cert_type, struct lk_tls13_entry *out)
{
    *out = (struct lk_tls13_entry){0};
    if (c->bad || lk_cursor_left(c) == 0) return false;
    out->certificate = cert_type == LK_TLS13_CERT_FINGER_PRINT
                           ? lk_cursor_take(c, LK_TLS13_FINGERPRINT_BYTES)
                           : lk_cursor_vec24(c);
    out->extensions = lk_cursor_vec16(c);
    if (out->certificate.len == 0) c->bad = true; /* RFC 8446 4.4.2: cert_data<1..2^24-1> */
    return !c->bad;
}

void lk_tls13_entry_write(struct lk_writer *w, uint16_t cert_type, const struct lk_tls13_entry *in)
{
    if (cert_type == LK_TLS13_CERT_FINGER_PRINT)
        lk_writer_put(w, in->certificate.data, in->certificate.len);
    else
        lk_writer_vec24(w, in->certificate);
    lk_writer_vec16(w, in->extensions);
}

static uint8_t cert_cut(struct lk_cursor *c, struct lk_tls13_cert *out)
{
    out->type = lk_cursor_u16(c);
    out->context = out->entries = lk_bytes_of(c->at, 0);
    LK_REQUIRE(!c->bad, MALFORMED);
    /* lurk-tls13.md 2: judged when met, since it says how the rest is cut. Compressed forms are not
     * offered. */
    LK_REQUIRE(out->type >= LK_TLS13_CERT_NONE && out->type <= LK_TLS13_CERT_UNCOMPRESSED,
               LK_TLS13_INVALID_CERT_TYPE);
    if (out->type == LK_TLS13_CERT_NONE) return 0;
    out->context = lk_cursor_vec8(c);
    out->entries = lk_cursor_vec24(c);
    LK_REQUIRE(!c->bad, MALFORMED);
    struct lk_cursor entries = lk_cursor_of(out->entries);
    struct lk_tls13_entry entry;
    while (lk_tls13_entry_read(&entries, out->type, &entry))
        ;
    return entries.bad ? MALFORMED : 0;
}

static void cert_write(struct lk_writer *w, const struct lk_tls13_cert *in)
{
    lk_writer_u16(w, in->type);
    if (in->type == LK_TLS13_CERT_NONE) return;
    lk_writer_vec8(w, in->context);
    lk_writer_vec24(w, in->entries);
}

/* --- tag, session and ephemeral --------------------------------------------------------------- */

/* lurk-tls13.md 4: the id is there exactly if this message is not the last. */
static void session_cut(struct lk_cursor *c, bool *last, const uint8_t **session_id)
{
    *last = (lk_cursor_u8(c) & LK_TLS13_LAST_EXCHANGE) != 0;
    *session_id = *last ? NULL : lk_cursor_take(c, LK_TLS13_SESSION_ID_BYTES).data;
}

static void session_write(struct lk_writer *w, bool last, const uint8_t *session_id)
{
    lk_writer_u8(w, last ? LK_TLS13_LAST_EXCHANGE : 0);
    if (!last) lk_writer_put(w, session_id, LK_TLS13_SESSION_ID_BYTES);
}

/* A method that nobody knows is cut like the one that carries something, and judged after the
 * cut. */
static bool carries_secret(uint8_t method)
{
    return method != LK_TLS13_NO_SECRET && method != LK_TLS13_CS_GENERATED;
}

static void secret_cut(struct lk_cursor *c, struct lk_tls13_ephemeral *out)
{
    *out = (struct lk_tls13_ephemeral){.method = lk_cursor_u8(c), .bytes = lk_bytes_of(c->at, 0)};
    if (!carries_secret(out->method)) return;
    struct lk_cursor inner = lk_cursor_of(lk_cursor_vec16(c));
    out->group = lk_cursor_u16(&inner);
    out->bytes = lk_cursor_take(&inner, lk_cursor_left(&inner));
    if (inner.bad) c->bad = true;
}

static void secret_write(struct lk_writer *w, const struct lk_tls13_ephemeral *in)
{
    lk_writer_u8(w, in->method);
    if (!carries_secret(in->method)) return;
    size_t place = lk_writer_reserve(w, 2);
    lk_writer_u16(w, in->group);
    lk_writer_put(w, in->bytes.data, in->bytes.len);
    lk_writer_fill(w, place, 2);
}

/* --- s_init_cert_verify, lurk-tls13.md 5.1 ---------------------------------------------------- */

uint8_t lk_tls13_cert_verify_cut(struct lk_bytes payload, struct lk_tls13_cert_verify *out)
{
    *out = (struct lk_tls13_cert_verify){0};
    struct lk_cursor c = lk_cursor_of(payload);
    session_cut(&c, &out->last, &out->session_id);
    out->freshness = lk_cursor_u8(&c);
    secret_cut(&c, &out->ephemeral);
    out->messages = lk_cursor_vec32(&c);
    uint8_t fault = cert_cut(&c, &out->certificate);
    if (fault != 0) return fault;
    out->secret_request = lk_cursor_u16(&c);
    out->sig_algo = lk_cursor_u16(&c);
    return lk_cursor_done(&c) ? 0 : MALFORMED;
}

uint8_t lk_tls13_cert_verify_judge(struct lk_tls13_cert_verify *out)
{
    /* step 1 */
    LK_REQUIRE(out->freshness < LK_HASH_COUNT, LK_TLS13_INVALID_FRESHNESS);
    LK_REQUIRE(out->ephemeral.method == LK_TLS13_E_GENERATED ||
                   out->ephemeral.method == LK_TLS13_CS_GENERATED,
               LK_TLS13_INVALID_EPHEMERAL);
    /* step 2 */
    return lk_tls13_handshake_parse(out->messages, &out->handshake) ? 0
                                                                    : LK_TLS13_INVALID_HANDSHAKE;
}

uint8_t lk_tls13_cert_verify_parse(struct lk_bytes payload, struct lk_tls13_cert_verify *out)
{
    uint8_t fault = lk_tls13_cert_verify_cut(payload, out);
    return fault != 0 ? fault : lk_tls13_cert_verify_judge(out);
}

void lk_tls13_cert_verify_write(struct lk_writer *w, const struct lk_tls13_cert_verify *in)
{
    session_write(w, in->last, in->session_id);
    lk_writer_u8(w, in->freshness);
    secret_write(w, &in->ephemeral);
    size_t place = lk_writer_reserve(w, 4);
    lk_writer_put(w, in->messages.data, in->messages.len);
    lk_writer_fill(w, place, 4);
    cert_write(w, &in->certificate);
    lk_writer_u16(w, in->secret_request);
    lk_writer_u16(w, in->sig_algo);
}

/* --- its reply -------------------------------------------------------------------------------- */

bool lk_tls13_secret_read(struct lk_cursor *c, uint8_t *code, struct lk_bytes *value)
{
    if (c->bad || lk_cursor_left(c) == 0) return false;
    *code = lk_cursor_u8(c);
    *value = lk_cursor_vec8(c);
    return !c->bad;
}

void lk_tls13_secret_write(struct lk_writer *w, uint8_t code, struct lk_bytes value)
{
    lk_writer_u8(w, code);
    lk_writer_vec8(w, value);
}

/* lurk-tls13.md 2: in code order, so none twice. */
static bool secrets_fit(struct lk_bytes secrets)
{
    struct lk_cursor c = lk_cursor_of(secrets);
    struct lk_bytes value;
    uint8_t code;
    for (unsigned next = 0; lk_tls13_secret_read(&c, &code, &value); next = code + 1u)
        if (code < next || code >= LK_TLS13_SECRET_COUNT) return false;
    return !c.bad;
}

/* T9: a vec16 around the KeyShareEntry. */
static void share_cut(struct lk_cursor *c, struct lk_tls13_ephemeral *out)
{
    *out = (struct lk_tls13_ephemeral){.method = lk_cursor_u8(c), .bytes = lk_bytes_of(c->at, 0)};
    if (out->method > LK_TLS13_CS_GENERATED) c->bad = true;
    if (out->method != LK_TLS13_CS_GENERATED) return;
    struct lk_cursor inner = lk_cursor_of(lk_cursor_vec16(c));
    out->group = lk_cursor_u16(&inner);
    out->bytes = lk_cursor_vec16(&inner);
    if (!lk_cursor_done(&inner)) c->bad = true;
}

static void share_write(struct lk_writer *w, const struct lk_tls13_ephemeral *in)
{
    lk_writer_u8(w, in->method);
    if (in->method != LK_TLS13_CS_GENERATED) return;
    size_t place = lk_writer_reserve(w, 2);
    lk_writer_u16(w, in->group);
    lk_writer_vec16(w, in->bytes);
    lk_writer_fill(w, place, 2);
}

bool lk_tls13_cert_verify_reply_parse(struct lk_bytes payload,
                                      struct lk_tls13_cert_verify_reply *out)
{
    *out = (struct lk_tls13_cert_verify_reply){0};
    struct lk_cursor c = lk_cursor_of(payload);
    session_cut(&c, &out->last, &out->session_id);
    share_cut(&c, &out->ephemeral);
    out->secrets = lk_cursor_vec16(&c);
    out->signature = lk_cursor_vec16(&c);
    return lk_cursor_done(&c) && secrets_fit(out->secrets);
}

void lk_tls13_cert_verify_reply_write(struct lk_writer *w,
                                      const struct lk_tls13_cert_verify_reply *in)
{
    session_write(w, in->last, in->session_id);
    share_write(w, &in->ephemeral);
    lk_writer_vec16(w, in->secrets);
    lk_writer_vec16(w, in->signature);
}

/* --- groups and suites ------------------------------------------------------------------------ */

static const struct lk_tls13_group_row groups[] = {
    {LK_GROUP_SECP256R1, 32, 65, "secp256r1"},
    {LK_GROUP_SECP384R1, 48, 97, "secp384r1"},
    {LK_GROUP_SECP521R1, 66, 133, "secp521r1"},
    {LK_GROUP_X25519, 32, 32, "x25519"},
    {LK_GROUP_X448, 56, 56, "x448"},
    {LK_GROUP_SECP256R1MLKEM768, 64, 0, "SecP256r1MLKEM768"},
    {LK_GROUP_X25519MLKEM768, 64, 0, "X25519MLKEM768"},
    {LK_GROUP_SECP384R1MLKEM1024, 80, 0, "SecP384r1MLKEM1024"},
};

const struct lk_tls13_group_row *lk_tls13_group_find(uint16_t group)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (groups[i].group == group) return &groups[i];
    return NULL;
}

const struct lk_tls13_group_row *lk_tls13_groups(size_t *count)
{
    *count = sizeof groups / sizeof groups[0];
    return groups;
}

/* RFC 8446 B.4. */
static const struct lk_tls13_suite_row suites[] = {
    {0x1301, LK_SHA256}, {0x1302, LK_SHA384}, {0x1303, LK_SHA256},
    {0x1304, LK_SHA256}, {0x1305, LK_SHA256},
};

const struct lk_tls13_suite_row *lk_tls13_suite_find(uint16_t suite)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].suite == suite) return &suites[i];
    return NULL;
}

const struct lk_tls13_suite_row *lk_tls13_suites(size_t *count)
{
    *count = sizeof suites / sizeof suites[0];
    return suites;
}

/* --- capabilities, lurk-tls13.md 7 ------------------------------------------------------------ */

bool lk_tls13_capabilities_parse(struct lk_bytes payload, struct lk_tls13_capabilities *out)
{
    struct lk_cursor c = lk_cursor_of(payload);
    out->types = lk_cursor_vec8(&c);
    out->freshness = lk_cursor_vec8(&c);
    out->methods = lk_cursor_vec8(&c);
    out->groups = lk_cursor_vec16(&c);
    out->suites = lk_cursor_vec16(&c);
    out->schemes = lk_cursor_vec16(&c);
    out->certs = lk_cursor_vec16(&c);
    out->fingerprints = lk_cursor_vec16(&c);
    return lk_cursor_done(&c) && out->groups.len % 2 == 0 && out->suites.len % 2 == 0 &&
           out->schemes.len % 2 == 0 && out->certs.len % 2 == 0 &&
           out->fingerprints.len % LK_TLS13_FINGERPRINT_BYTES == 0;
}

void lk_tls13_capabilities_write(struct lk_writer *w, const struct lk_tls13_capabilities *in)
{
    lk_writer_vec8(w, in->types);
    lk_writer_vec8(w, in->freshness);
    lk_writer_vec8(w, in->methods);
    lk_writer_vec16(w, in->groups);
    lk_writer_vec16(w, in->suites);
    lk_writer_vec16(w, in->schemes);
    lk_writer_vec16(w, in->certs);
    lk_writer_vec16(w, in->fingerprints);
}
