#include "core/policy/capabilities.h"

#include "core/keys/scheme.h"
#include "core/policy/freshness.h"
#include "core/wire/split.h"
#include "core/wire/tls12.h"
#include "core/wire/tls13.h"

/* --- the order of keys ---------------------------------------------------------------------- */

/* What a form shows of one key. */
struct shown {
    const struct lk_key_public *key;
    uint8_t type; /* 0 X.509, 2 raw public key */
    struct lk_bytes der;
    uint8_t digest[LK_SHA256_BYTES];
};

struct lk_key_order {
    uint32_t count;
    struct shown *form[LK_FORM_NONE]; /* by tenant, then digest */
};

/* The key's own certificate: the chain's others say nothing about what the edge may use. */
static struct lk_bytes own_certificate(const struct lk_key_public *key)
{
    struct lk_cursor c = lk_cursor_of(key->chain);
    struct lk_bytes der = lk_cursor_vec24(&c);
    return c.bad ? lk_bytes_of(NULL, 0) : der;
}

static struct shown show(const struct lk_key_public *key, unsigned form)
{
    struct shown s = {.key = key, .type = 0, .der = lk_bytes_of(NULL, 0)};
    if (form == LK_FORM_CERTIFICATES) s.der = own_certificate(key);
    if (s.der.len == 0) {
        s.type = 2;
        s.der = key->spki;
    }
    lk_sha256(s.der.data, s.der.len, s.digest);
    return s;
}

static int compare_shown(const void *a, const void *b)
{
    const struct shown *x = a;
    const struct shown *y = b;
    if (x->key->tenant != y->key->tenant) return x->key->tenant < y->key->tenant ? -1 : 1;
    return memcmp(x->digest, y->digest, sizeof x->digest);
}

lk_err lk_key_order_new(const struct lk_keystore *keys, struct lk_key_order **out)
{
    struct lk_key_order *order = calloc(1, sizeof *order);
    LK_REQUIRE(order != NULL, LK_ERR_MEMORY);
    order->count = lk_keystore_count(keys);
    for (unsigned form = 0; form < LK_FORM_NONE; form++) {
        order->form[form] = calloc((size_t)order->count + 1, sizeof *order->form[form]);
        if (order->form[form] == NULL) {
            lk_key_order_free(order);
            return LK_ERR_MEMORY;
        }
        for (uint32_t i = 0; i < order->count; i++)
            order->form[form][i] = show(lk_keystore_at(keys, i), form);
        qsort(order->form[form], order->count, sizeof *order->form[form], compare_shown);
    }
    *out = order;
    return LK_OK;
}

void lk_key_order_free(struct lk_key_order *order)
{
    if (order == NULL) return;
    for (unsigned form = 0; form < LK_FORM_NONE; form++)
        free(order->form[form]);
    free(order);
}

/* The run of one tenant; *count set. */
static const struct shown *tenant_run(const struct lk_key_order *order, unsigned form,
                                      uint32_t tenant, uint32_t *count)
{
    const struct shown *all = order->form[form];
    uint32_t low = 0;
    uint32_t high = order->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (all[middle].key->tenant < tenant)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < order->count && all[low + *count].key->tenant == tenant)
        (*count)++;
    return all + low;
}

/* --- what keys can do ------------------------------------------------------------------------ */

#define KIND(kind) (1u << LK_KEY_##kind)
#define RSA_KINDS (KIND(RSA) | KIND(RSA_PSS))

/* ECDHE suites of TLS 1.2, ascending: RFC 5289, 7251, 7905, 8422. The server does not judge them:
 * they tell an edge which handshakes its keys can serve. */
static const struct {
    uint16_t suite;
    bool rsa; /* signed by RSA, else by ECDSA or EdDSA */
} suites[] = {
    {0xc009, false}, {0xc00a, false}, {0xc013, true},  {0xc014, true},  {0xc023, false},
    {0xc024, false}, {0xc027, true},  {0xc028, true},  {0xc02b, false}, {0xc02c, false},
    {0xc02f, true},  {0xc030, true},  {0xc0ac, false}, {0xc0ad, false}, {0xc0ae, false},
    {0xc0af, false}, {0xcca8, true},  {0xcca9, false},
};

static const struct {
    enum lk_key_kind kind;
    uint16_t group;
} curves[] = {
    {LK_KEY_P256, LK_GROUP_SECP256R1}, {LK_KEY_P384, LK_GROUP_SECP384R1},
    {LK_KEY_P521, LK_GROUP_SECP521R1},
};

/* The union over the keys that a class may use for one exchange. */
struct facts {
    uint32_t hashes;
    uint32_t kinds;
    uint32_t schemes; /* bit per row of lk_schemes */
    bool poo_optional;
    size_t certificate_bytes[LK_FORM_COUNT];
};

struct builder {
    const struct lk_conf *conf;
    const struct lk_rights_table *table;
    const struct lk_rights_class *class;
    const struct lk_key_order *order;
    lk_exchange_mask exchanges;
    struct facts facts[LK_EXCHANGE_COUNT];
    uint32_t flags;  /* of sign_ske: shared with some key that may be asked for it */
    uint8_t methods; /* of s_init_cert_verify */
};

static lk_exchange_mask may(const struct builder *b, const struct lk_key_public *key)
{
    return lk_rights_find(b->table, b->class, key->index)->exchanges &
           lk_rights_of_uses(key->uses, key->flags & b->class->flags);
}

/* The kinds of keys that a scheme fits in the version of TLS that the exchange serves. */
static uint32_t kinds_of(const struct lk_scheme_row *row, unsigned exchange)
{
    bool tls13 = exchange == LK_X_TLS13_S_INIT_CERT_VERIFY ||
                 exchange == LK_X_SPLIT_SIGN_CERT_VERIFY;
    return tls13 ? row->kinds_tls13 : row->kinds_tls12;
}

static void note_key(struct facts *facts, const struct lk_key_public *key,
                     const struct lk_rights *rights, unsigned exchange)
{
    uint32_t hashes = rights->hashes[exchange] & ~key->barred_hashes;
    facts->hashes |= hashes;
    facts->kinds |= 1u << key->kind;
    facts->poo_optional |= rights->poo_optional;
    size_t count;
    const struct lk_scheme_row *row = lk_schemes(&count);
    for (size_t i = 0; i < count; i++)
        if (lk_scheme_open(&row[i], kinds_of(&row[i], exchange), key->kind, hashes))
            facts->schemes |= 1u << i;
}

static void note_shown(struct builder *b, const struct shown *shown, unsigned form)
{
    const struct lk_rights *rights = lk_rights_find(b->table, b->class, shown->key->index);
    lk_exchange_mask mask = may(b, shown->key);
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++) {
        if ((mask & LK_EXCHANGE_BIT(x)) == 0) continue;
        note_key(&b->facts[x], shown->key, rights, x);
        b->facts[x].certificate_bytes[form] += 4 + shown->der.len;
    }
    if ((mask & LK_EXCHANGE_BIT(LK_X_SPLIT_SIGN_SKE)) != 0)
        b->flags |= shown->key->flags & b->class->flags;
    if ((mask & LK_EXCHANGE_BIT(LK_X_TLS13_S_INIT_CERT_VERIFY)) != 0) b->methods |= rights->methods;
}

static void note_keys(struct builder *b)
{
    for (unsigned form = 0; form < LK_FORM_NONE; form++) {
        uint32_t count;
        const struct shown *run = tenant_run(b->order, form, b->class->tenant, &count);
        for (uint32_t i = 0; i < count; i++)
            note_shown(b, &run[i], form);
    }
}

/* Capabilities and ping of each extension of which something is open; those of lurk always are. */
static lk_exchange_mask with_keyless(lk_exchange_mask served)
{
    uint32_t extensions = 1u << LK_EXTENSION_LURK;
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        if ((served & LK_EXCHANGE_BIT(x)) != 0) extensions |= 1u << lk_exchange_extension(x);
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        if (!lk_exchange_keyed(x) && (extensions >> lk_exchange_extension(x) & 1) != 0)
            served |= LK_EXCHANGE_BIT(x);
    return served;
}

static lk_exchange_mask key_serves(const struct builder *b, const struct lk_conf_key *key)
{
    return lk_rights_of_uses(key->uses, key->flags & b->class->flags);
}

/* Exchanges that some key of the configuration can serve for the class, loaded or not: a key file
 * that fails to load must not look like a change of rights. */
static lk_exchange_mask open_exchanges(const struct builder *b)
{
    const struct lk_rights_table *t = b->table;
    lk_exchange_mask served = 0;
    for (uint32_t i = 0; i < b->conf->key_count; i++)
        if (b->conf->keys[i].tenant == b->class->tenant)
            served |= key_serves(b, &b->conf->keys[i]);
    served &= t->rights[b->class->base].exchanges;
    for (uint32_t i = 0; i < b->class->count; i++)
        served |= t->rights[b->class->rights[i]].exchanges &
                  key_serves(b, &b->conf->keys[b->class->key[i]]);
    return with_keyless(served);
}

/* --- payloads ------------------------------------------------------------------------------- */

#define LIST_BYTES 256 /* of every list but certificates; the longest is 20 cipher suites */

struct lists {
    uint8_t freshness[LIST_BYTES], suites[LIST_BYTES], hashes[LIST_BYTES], schemes[LIST_BYTES],
        ecdsa[LIST_BYTES], ecdhe[LIST_BYTES], poo[LIST_BYTES];
};

static struct lk_bytes written(const struct lk_writer *w)
{
    LK_ASSERT(!w->bad);
    return lk_bytes_of(w->base, w->len);
}

static struct lk_bytes list_freshness(uint8_t *room)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (unsigned funct = 0; funct < 256; funct++)
        if (lk_freshness_known((uint8_t)funct)) lk_writer_u8(&w, (uint8_t)funct);
    return written(&w);
}

static struct lk_bytes list_rsa_suites(uint8_t *room, uint32_t hashes)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    size_t count;
    const struct lk_rsa_suite_row *row = lk_rsa_suites(&count);
    for (size_t i = 0; i < count; i++)
        if ((hashes & 1u << row[i].prf_hash) != 0) lk_writer_u16(&w, row[i].suite);
    return written(&w);
}

static struct lk_bytes list_ecdhe_suites(uint8_t *room, uint32_t kinds)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if ((kinds & (suites[i].rsa ? RSA_KINDS : ~RSA_KINDS)) != 0)
            lk_writer_u16(&w, suites[i].suite);
    return written(&w);
}

static struct lk_bytes list_hashes(uint8_t *room, uint32_t hashes)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (unsigned i = 0; i < LK_HASH_COUNT; i++)
        if ((hashes & 1u << i) != 0) lk_writer_u8(&w, (uint8_t)i);
    return written(&w);
}

static struct lk_bytes list_schemes(uint8_t *room, uint32_t mask)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    size_t count;
    const struct lk_scheme_row *row = lk_schemes(&count);
    for (size_t i = 0; i < count; i++)
        if ((mask & 1u << i) != 0) lk_writer_u16(&w, row[i].scheme);
    return written(&w);
}

static struct lk_bytes list_ecdsa_curves(uint8_t *room, uint32_t kinds)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if ((kinds & 1u << curves[i].kind) != 0) lk_writer_u16(&w, curves[i].group);
    return written(&w);
}

static struct lk_bytes list_ecdhe_curves(uint8_t *room)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (unsigned group = 0; group < 64; group++)
        if (lk_group_find((uint16_t)group) != NULL) lk_writer_u16(&w, (uint16_t)group);
    return written(&w);
}

/* Of sign_ske; the finite-field groups by RFC 7919, those of RFC 3526 have no numbers. */
static struct lk_bytes list_ske_groups(uint8_t *room, uint32_t kinds, uint32_t dhe_bits_max)
{
    static const uint16_t bits[] = {2048, 3072, 4096, 6144, 8192}; /* of LK_GROUP_FFDHE2048 on */
    struct lk_bytes curves_listed = list_ecdhe_curves(room);
    struct lk_writer w = lk_writer_of(room + curves_listed.len, LIST_BYTES - curves_listed.len);
    for (uint16_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if ((kinds & RSA_KINDS) != 0 && bits[i] <= dhe_bits_max)
            lk_writer_u16(&w, LK_GROUP_FFDHE2048 + i);
    return lk_bytes_of(room, curves_listed.len + written(&w).len);
}

static struct lk_bytes list_poo(uint8_t *room, bool optional)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    if (optional) lk_writer_u8(&w, 0);
    lk_writer_u8(&w, 1);
    lk_writer_u8(&w, 2);
    return written(&w);
}

/* room holds the bytes that note_keys counted. */
static struct lk_bytes list_certificates(const struct builder *b, unsigned exchange, unsigned form,
                                         uint8_t *room)
{
    struct lk_writer w = lk_writer_of(room, b->facts[exchange].certificate_bytes[form]);
    uint32_t count = 0;
    const struct shown *run = NULL;
    if (form < LK_FORM_NONE) run = tenant_run(b->order, form, b->class->tenant, &count);
    for (uint32_t i = 0; i < count; i++) {
        if ((may(b, run[i].key) & LK_EXCHANGE_BIT(exchange)) == 0) continue;
        lk_writer_u8(&w, run[i].type);
        lk_writer_u24(&w, (uint32_t)run[i].der.len);
        lk_writer_put(&w, run[i].der.data, run[i].der.len);
    }
    return written(&w);
}

static void write_entry(const struct builder *b, unsigned exchange, struct lk_bytes certificates,
                        struct lk_writer *w)
{
    const struct facts *facts = &b->facts[exchange];
    bool ecdhe = exchange == LK_X_TLS12_ECDHE;
    static const uint8_t key_id_type = 0;
    struct lists room;
    struct lk_tls12_capability entry = {
        .type = (uint8_t)(exchange - LK_X_TLS12_CAPABILITIES), /* both ascend without a gap */
        .key_id_types = lk_bytes_of(&key_id_type, 1),
        .certificates = certificates,
        .freshness_functs = list_freshness(room.freshness),
        .cipher_suites = ecdhe ? list_ecdhe_suites(room.suites, facts->kinds)
                               : list_rsa_suites(room.suites, facts->hashes),
        .prf_hashes = list_hashes(room.hashes, facts->hashes),
        .sig_and_hash = list_schemes(room.schemes, facts->schemes),
        .ecdsa_curves = list_ecdsa_curves(room.ecdsa, facts->kinds),
        .ecdhe_curves = list_ecdhe_curves(room.ecdhe),
        .poo_prfs = list_poo(room.poo, facts->poo_optional)};
    lk_tls12_capability_write(w, &entry);
}

/* lurk.md 5.4: the state is over the bytes in front of it. */
static void write_state(struct lk_writer *w)
{
    uint8_t digest[LK_SHA256_BYTES];
    if (w->bad) return;
    lk_sha256(w->base, w->len, digest);
    lk_writer_put(w, digest, LK_STATE_BYTES);
}

static lk_err keep_payload(const struct lk_writer *w, struct lk_bytes *out)
{
    uint8_t *copy = malloc(w->len + 1);
    LK_REQUIRE(copy != NULL, LK_ERR_MEMORY);
    memcpy(copy, w->base, w->len);
    *out = lk_bytes_of(copy, w->len);
    return LK_OK;
}

static bool certificates_fit(const struct builder *b, unsigned form, size_t limit)
{
    size_t total = 0;
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        total += b->facts[x].certificate_bytes[form];
    return total < limit;
}

/* An empty view where the form does not fit a message. */
static lk_err build_tls12(const struct builder *b, unsigned form, struct lk_bytes *out)
{
    size_t limit = b->conf->message_bytes_max - LK_HEADER_BYTES;
    uint8_t payload[LK_MESSAGE_BYTES_MAX];
    uint8_t certificates[LK_MESSAGE_BYTES_MAX];
    struct lk_writer w = lk_writer_of(payload, limit);
    if (!certificates_fit(b, form, limit)) return LK_OK;
    for (unsigned x = LK_X_TLS12_CAPABILITIES; x <= LK_X_TLS12_ECDHE; x++)
        if ((b->exchanges & LK_EXCHANGE_BIT(x)) != 0)
            write_entry(b, x, list_certificates(b, x, form, certificates), &w);
    write_state(&w);
    return w.bad ? LK_OK : keep_payload(&w, out);
}

/* --- tls13, split: one list of each kind for all types ---------------------------------------- */

/* Room for what a form shows of keys: what is longer does not fit a message. */
struct one_lists {
    uint8_t types[LIST_BYTES], freshness[LIST_BYTES], methods[LIST_BYTES], groups[LIST_BYTES],
        suites[LIST_BYTES], schemes[LIST_BYTES], certs[LIST_BYTES], poo[LIST_BYTES];
    uint8_t keys[LK_MESSAGE_BYTES_MAX];
};

static struct lk_bytes list_types(const struct builder *b, enum lk_extension extension,
                                  uint8_t *room)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        if (lk_exchange_extension(x) == extension && (b->exchanges & LK_EXCHANGE_BIT(x)) != 0)
            lk_writer_u8(&w, lk_exchange_type(x));
    return written(&w);
}

static struct lk_bytes list_methods(uint8_t *room, uint8_t methods)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    for (uint8_t m = LK_TLS13_E_GENERATED; m <= LK_TLS13_CS_GENERATED; m++)
        if ((methods >> (m - LK_TLS13_E_GENERATED) & 1) != 0) lk_writer_u8(&w, m);
    return written(&w);
}

/* Those that lurkd cannot make a share of are of use with the edge's own only. */
static struct lk_bytes list_tls13_groups(uint8_t *room, uint8_t methods)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    size_t count;
    const struct lk_tls13_group_row *row = lk_tls13_groups(&count);
    for (size_t i = 0; i < count; i++)
        if (row[i].share_bytes != 0 || (methods & 1) != 0) lk_writer_u16(&w, row[i].group);
    return written(&w);
}

static struct lk_bytes list_tls13_suites(uint8_t *room)
{
    struct lk_writer w = lk_writer_of(room, LIST_BYTES);
    size_t count;
    const struct lk_tls13_suite_row *row = lk_tls13_suites(&count);
    for (size_t i = 0; i < count; i++)
        lk_writer_u16(&w, row[i].suite);
    return written(&w);
}

/* False: there are more than fit any message. Ascends, as the run does. */
static bool list_fingerprints(const struct builder *b, unsigned form, struct lk_writer *w)
{
    uint32_t count = 0;
    const struct shown *run = NULL;
    if (form < LK_FORM_NONE)
        run = tenant_run(b->order, LK_FORM_CERTIFICATES, b->class->tenant, &count);
    for (uint32_t i = 0; i < count; i++)
        if ((may(b, run[i].key) & LK_EXCHANGE_BIT(LK_X_TLS13_S_INIT_CERT_VERIFY)) != 0)
            lk_writer_put(w, run[i].digest, LK_TLS13_FINGERPRINT_BYTES);
    return !w->bad;
}

static lk_err build_tls13(const struct builder *b, unsigned form, struct lk_bytes *out)
{
    static const uint8_t functs[] = {LK_SHA256, LK_SHA384, LK_SHA512};
    static const uint8_t certs[] = {0, LK_TLS13_CERT_FINGER_PRINT, 0, LK_TLS13_CERT_UNCOMPRESSED};
    uint8_t payload[LK_MESSAGE_BYTES_MAX];
    struct one_lists room;
    struct lk_writer w = lk_writer_of(payload, b->conf->message_bytes_max - LK_HEADER_BYTES);
    struct lk_writer keys = lk_writer_of(room.keys, sizeof room.keys);
    if (!list_fingerprints(b, form, &keys)) return LK_OK;
    const struct lk_tls13_capabilities lists = {
        .types = list_types(b, LK_EXTENSION_TLS13, room.types),
        .freshness = lk_bytes_of(functs, sizeof functs),
        .methods = list_methods(room.methods, b->methods),
        .groups = list_tls13_groups(room.groups, b->methods),
        .suites = list_tls13_suites(room.suites),
        .schemes = list_schemes(room.schemes, b->facts[LK_X_TLS13_S_INIT_CERT_VERIFY].schemes),
        .certs = lk_bytes_of(certs, sizeof certs),
        .fingerprints = written(&keys)};
    lk_tls13_capabilities_write(&w, &lists);
    write_state(&w);
    return w.bad ? LK_OK : keep_payload(&w, out);
}

static uint8_t split_kind(const struct lk_key_public *key, bool decrypt)
{
    static const uint8_t kinds[LK_KEY_KIND_COUNT] = {
        [LK_KEY_RSA] = LK_SPLIT_KIND_RSA_SIGN, [LK_KEY_RSA_PSS] = LK_SPLIT_KIND_RSA_PSS,
        [LK_KEY_P256] = LK_SPLIT_KIND_ECDSA,   [LK_KEY_P384] = LK_SPLIT_KIND_ECDSA,
        [LK_KEY_P521] = LK_SPLIT_KIND_ECDSA,   [LK_KEY_ED25519] = LK_SPLIT_KIND_EDDSA,
        [LK_KEY_ED448] = LK_SPLIT_KIND_EDDSA,
    };
    return decrypt ? LK_SPLIT_KIND_RSA_DECRYPT : kinds[key->kind];
}

/* Decryption and signing on one key are two entries: their kinds differ. */
static void put_split_key(const struct builder *b, const struct lk_key_public *key,
                          struct lk_writer *w)
{
    for (int signing = 0; signing < 2; signing++) {
        uint16_t uses = 0;
        for (unsigned x = LK_X_SPLIT_RSA_PREMASTER; x <= LK_X_SPLIT_SIGN_CERT_REQUEST; x++)
            if ((x != LK_X_SPLIT_RSA_PREMASTER) == signing &&
                (may(b, key) & LK_EXCHANGE_BIT(x)) != 0)
                uses |= (uint16_t)(1u << lk_exchange_type(x));
        if (uses == 0) continue;
        lk_writer_u8(w, 0);
        lk_writer_put(w, key->keyid.id[0], LK_KEY_ID_BYTES);
        lk_writer_u8(w, split_kind(key, signing == 0));
        lk_writer_u16(w, uses);
    }
}

static bool list_split_keys(const struct builder *b, unsigned form, struct lk_writer *w)
{
    uint32_t count = 0;
    const struct shown *run = NULL;
    if (form < LK_FORM_NONE) run = tenant_run(b->order, LK_FORM_RAW, b->class->tenant, &count);
    for (uint32_t i = 0; i < count; i++)
        put_split_key(b, run[i].key, w);
    return !w->bad;
}

/* lurk-split.md 10; forms are of types that are not built. */
static lk_err build_split(const struct builder *b, unsigned form, struct lk_bytes *out)
{
    static const uint8_t functs[] = {0, LK_SPLIT_UNFRESH};
    bool ske = (b->exchanges & LK_EXCHANGE_BIT(LK_X_SPLIT_SIGN_SKE)) != 0;
    bool unfresh = (b->flags & LK_FLAG_UNFRESH) != 0;
    uint8_t payload[LK_MESSAGE_BYTES_MAX];
    struct one_lists room;
    struct lk_writer w = lk_writer_of(payload, b->conf->message_bytes_max - LK_HEADER_BYTES);
    struct lk_writer keys = lk_writer_of(room.keys, sizeof room.keys);
    if (!list_split_keys(b, form, &keys)) return LK_OK;
    struct lk_split_capabilities lists = {
        .types = list_types(b, LK_EXTENSION_SPLIT, room.types),
        .schemes = list_schemes(room.schemes, b->facts[LK_X_SPLIT_SIGN_SKE].schemes |
                                                  b->facts[LK_X_SPLIT_SIGN_CERT_VERIFY].schemes |
                                                  b->facts[LK_X_SPLIT_SIGN_CERT_REQUEST].schemes),
        .keys = written(&keys)};
    if (ske) {
        lists.freshness = lk_bytes_of(functs, unfresh ? 2 : 1);
        lists.poo_prfs = list_poo(room.poo, (b->flags & LK_FLAG_UNPROVED) != 0);
        lists.groups = list_ske_groups(room.groups, b->facts[LK_X_SPLIT_SIGN_SKE].kinds,
                                       b->conf->dhe_bits_max);
    }
    lk_split_capabilities_write(&w, &lists);
    write_state(&w);
    return w.bad ? LK_OK : keep_payload(&w, out);
}

/* --- lurk ------------------------------------------------------------------------------------- */

static bool is_open(const struct builder *b, enum lk_extension extension)
{
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        if (lk_exchange_extension(x) == extension && (b->exchanges & LK_EXCHANGE_BIT(x)) != 0)
            return true;
    return false;
}

static lk_err build_lurk(const struct builder *b, unsigned form, struct lk_bytes *out)
{
    uint8_t payload[32], pairs[2 * LK_EXTENSION_COUNT];
    struct lk_writer w = lk_writer_of(payload, sizeof payload);
    struct lk_writer p = lk_writer_of(pairs, sizeof pairs);
    if (form != LK_FORM_NONE) return LK_OK; /* it shows no key */
    for (unsigned x = 0; x < LK_EXTENSION_COUNT; x++) {
        if (!is_open(b, (enum lk_extension)x)) continue;
        lk_writer_u8(&p, lk_extension_code((enum lk_extension)x).designation);
        lk_writer_u8(&p, lk_extension_code((enum lk_extension)x).version);
    }
    lk_lurk_capabilities_write(&w, written(&p));
    return keep_payload(&w, out);
}

static lk_err (*const build[LK_EXTENSION_COUNT])(const struct builder *b, unsigned form,
                                                 struct lk_bytes *out) = {
    [LK_EXTENSION_LURK] = build_lurk,
    [LK_EXTENSION_TLS12] = build_tls12,
    [LK_EXTENSION_TLS13] = build_tls13,
    [LK_EXTENSION_SPLIT] = build_split,
};

lk_err lk_capabilities_build(const struct lk_conf *conf, const struct lk_rights_table *table,
                             const struct lk_rights_class *class, const struct lk_key_order *order,
                             struct lk_capabilities *out)
{
    struct builder b = {.conf = conf, .table = table, .class = class, .order = order};
    b.exchanges = open_exchanges(&b);
    note_keys(&b);
    *out = (struct lk_capabilities){.exchanges = b.exchanges};
    for (unsigned x = 0; x < LK_EXTENSION_COUNT; x++)
        for (unsigned form = 0; form < LK_FORM_COUNT && is_open(&b, (enum lk_extension)x); form++)
            LK_TRY(build[x](&b, form, &out->payload[x][form]));
    return LK_OK;
}

void lk_capabilities_fini(struct lk_capabilities *capabilities)
{
    for (unsigned x = 0; x < LK_EXTENSION_COUNT; x++)
        for (unsigned form = 0; form < LK_FORM_COUNT; form++)
            free((void *)capabilities->payload[x][form].data);
}
