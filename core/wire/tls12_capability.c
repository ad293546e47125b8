/* Capability entries of tls12: lurk-tls12.md 8. */
#include "core/wire/tls12.h"

/* { u8 type: 0 X.509, 2 raw public key; vec24 der } repeated (D21). */
static bool certificates_fit(struct lk_bytes certificates)
{
    struct lk_cursor c = lk_cursor_of(certificates);
    while (!c.bad && lk_cursor_left(&c) > 0) {
        uint8_t type = lk_cursor_u8(&c);
        if (type != 0 && type != 2) return false;
        if (lk_cursor_vec24(&c).len == 0) return false;
    }
    return !c.bad;
}

/* The fields of types 2 to 6 that come first. */
static bool key_fields_read(struct lk_cursor *c, struct lk_tls12_capability *out)
{
    out->key_id_types = lk_cursor_vec8(c);
    out->certificates = lk_cursor_vec24(c);
    out->freshness_functs = lk_cursor_vec8(c);
    out->cipher_suites = lk_cursor_vec16(c);
    return !c->bad && certificates_fit(out->certificates) && out->cipher_suites.len % 2 == 0;
}

static void key_fields_write(struct lk_writer *w, const struct lk_tls12_capability *in)
{
    lk_writer_vec8(w, in->key_id_types);
    lk_writer_vec24(w, in->certificates);
    lk_writer_vec8(w, in->freshness_functs);
    lk_writer_vec16(w, in->cipher_suites);
}

static bool empty_read(struct lk_cursor *c, struct lk_tls12_capability *out)
{
    (void)c;
    (void)out;
    return true;
}

static void empty_write(struct lk_writer *w, const struct lk_tls12_capability *in)
{
    (void)w;
    (void)in;
}

static bool rsa_read(struct lk_cursor *c, struct lk_tls12_capability *out)
{
    if (!key_fields_read(c, out)) return false;
    out->prf_hashes = lk_cursor_vec8(c);
    return true;
}

static void rsa_write(struct lk_writer *w, const struct lk_tls12_capability *in)
{
    key_fields_write(w, in);
    lk_writer_vec8(w, in->prf_hashes);
}

static bool ecdhe_read(struct lk_cursor *c, struct lk_tls12_capability *out)
{
    if (!key_fields_read(c, out)) return false;
    out->sig_and_hash = lk_cursor_vec16(c);
    out->ecdsa_curves = lk_cursor_vec8(c);
    out->ecdhe_curves = lk_cursor_vec8(c);
    out->poo_prfs = lk_cursor_vec8(c);
    return out->sig_and_hash.len % 2 == 0 && out->ecdsa_curves.len % 2 == 0
           && out->ecdhe_curves.len % 2 == 0;
}

static void ecdhe_write(struct lk_writer *w, const struct lk_tls12_capability *in)
{
    key_fields_write(w, in);
    lk_writer_vec16(w, in->sig_and_hash);
    lk_writer_vec8(w, in->ecdsa_curves);
    lk_writer_vec8(w, in->ecdhe_curves);
    lk_writer_vec8(w, in->poo_prfs);
}

static const struct body {
    bool (*read)(struct lk_cursor *c, struct lk_tls12_capability *out);
    void (*write)(struct lk_writer *w, const struct lk_tls12_capability *in);
} bodies[] = {
    [LK_TLS12_CAPABILITIES] = {empty_read, empty_write},
    [LK_TLS12_PING] = {empty_read, empty_write},
    [LK_TLS12_RSA_MASTER] = {rsa_read, rsa_write},
    [LK_TLS12_RSA_MASTER_WITH_POH] = {rsa_read, rsa_write},
    [LK_TLS12_RSA_EXTENDED_MASTER] = {rsa_read, rsa_write},
    [LK_TLS12_RSA_EXTENDED_MASTER_WITH_POH] = {rsa_read, rsa_write},
    [LK_TLS12_ECDHE] = {ecdhe_read, ecdhe_write},
};

bool lk_tls12_capability_parse(struct lk_cursor *c, struct lk_tls12_capability *out)
{
    *out = (struct lk_tls12_capability){0};
    struct lk_cursor entry = lk_cursor_of(lk_cursor_vec32(c));
    out->type = lk_cursor_u8(&entry);
    if (c->bad || entry.bad || out->type >= sizeof bodies / sizeof bodies[0]) return false;
    return bodies[out->type].read(&entry, out) && lk_cursor_done(&entry);
}

void lk_tls12_capability_write(struct lk_writer *w, const struct lk_tls12_capability *in)
{
    size_t place = lk_writer_reserve(w, 4);
    lk_writer_u8(w, in->type);
    if (in->type < sizeof bodies / sizeof bodies[0])
        bodies[in->type].write(w, in);
    else
        w->bad = true;
    lk_writer_fill(w, place, 4);
}
