#include "core/policy/capabilities.h"

#include "core/policy/freshness.h"
#include "core/wire/tls12.h"

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

/* Signature schemes of TLS that tls12 serves, ascending (lurk-tls12.md 6). */
static const struct {
    uint16_t scheme;
    uint32_t hashes; /* any of these bits must be granted; 0: the scheme has its own hash */
    uint32_t kinds;  /* bit per enum lk_key_kind */
} schemes[] = {
#define KIND(kind) (1u << LK_KEY_##kind)
#define EC_KINDS (KIND(P256) | KIND(P384) | KIND(P521))
    {0x0401, 1u << LK_SHA256, KIND(RSA)}, {0x0403, 1u << LK_SHA256, EC_KINDS},
    {0x0501, 1u << LK_SHA384, KIND(RSA)}, {0x0503, 1u << LK_SHA384, EC_KINDS},
    {0x0601, 1u << LK_SHA512, KIND(RSA)}, {0x0603, 1u << LK_SHA512, EC_KINDS},
    {0x0804, 1u << LK_SHA256, KIND(RSA)}, {0x0805, 1u << LK_SHA384, KIND(RSA)},
    {0x0806, 1u << LK_SHA512, KIND(RSA)}, {0x0807, 0, KIND(ED25519)},
    {0x0808, 0, KIND(ED448)},             {0x0809, 1u << LK_SHA256, KIND(RSA_PSS)},
    {0x080a, 1u << LK_SHA384, KIND(RSA_PSS)}, {0x080b, 1u << LK_SHA512, KIND(RSA_PSS)},
};
#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])
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
    uint32_t schemes; /* bit per row of schemes */
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
};

static lk_exchange_mask may(const struct builder *b, const struct lk_key_public *key)
{
    return lk_rights_find(b->table, b->class, key->index)->exchanges & lk_rights_of_uses(key->uses);
}

static void note_key(struct facts *facts, const struct lk_key_public *key,
                     const struct lk_rights *rights, unsigned exchange)
{
    uint32_t hashes = rights->hashes[exchange] & ~key->barred_hashes;
    facts->hashes |= hashes;
    facts->kinds |= 1u << key->kind;
    facts->poo_optional |= rights->poo_optional;
    for (unsigned i = 0; i < SCHEME_COUNT; i++) {
        bool hash_good = schemes[i].hashes == 0 || (schemes[i].hashes & hashes) != 0;
        if (hash_good && (schemes[i].kinds & 1u << key->kind) != 0) facts->schemes |= 1u << i;
    }
}

static void note_keys(struct builder *b)
{
    for (unsigned form = 0; form < LK_FORM_NONE; form++) {
        uint32_t count;
        const struct shown *run = tenant_run(b->order, form, b->class->tenant, &count);
        for (uint32_t i = 0; i < count; i++) {
            const struct lk_rights *rights = lk_rights_find(b->table, b->class, run[i].key->index);
            lk_exchange_mask mask = may(b, run[i].key);
            for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++) {
                if ((mask & LK_EXCHANGE_BIT(x)) == 0) continue;
                note_key(&b->facts[x], run[i].key, rights, x);
                b->facts[x].certificate_bytes[form] += 4 + run[i].der.len;
            }
        }
    }
}

/* Exchanges that some key of the configuration can serve for the class, loaded or not: a key file
 * that fails to load must not look like a change of rights. */
static lk_exchange_mask open_exchanges(const struct builder *b)
{
    const struct lk_rights_table *t = b->table;
    lk_exchange_mask served = 0;
    uint32_t uses = 0;
    for (uint32_t i = 0; i < b->conf->key_count; i++)
        if (b->conf->keys[i].tenant == b->class->tenant) uses |= b->conf->keys[i].uses;
    served = t->rights[b->class->base].exchanges & lk_rights_of_uses(uses);
    for (uint32_t i = 0; i < b->class->count; i++)
        served |= t->rights[b->class->rights[i]].exchanges &
                  lk_rights_of_uses(b->conf->keys[b->class->key[i]].uses);
    if (served != 0)
        served |= LK_EXCHANGE_BIT(LK_X_TLS12_CAPABILITIES) | LK_EXCHANGE_BIT(LK_X_TLS12_PING);
    return served | LK_EXCHANGE_BIT(LK_X_LURK_CAPABILITIES) | LK_EXCHANGE_BIT(LK_X_LURK_PING);
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
    for (unsigned i = 0; i < SCHEME_COUNT; i++)
        if ((mask & 1u << i) != 0) lk_writer_u16(&w, schemes[i].scheme);
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
    *out = lk_bytes_of(NULL, 0);
    if ((b->exchanges & LK_EXCHANGE_BIT(LK_X_TLS12_CAPABILITIES)) == 0) return LK_OK;
    if (!certificates_fit(b, form, limit)) return LK_OK;
    for (unsigned x = LK_X_TLS12_CAPABILITIES; x <= LK_X_TLS12_ECDHE; x++)
        if ((b->exchanges & LK_EXCHANGE_BIT(x)) != 0)
            write_entry(b, x, list_certificates(b, x, form, certificates), &w);
    write_state(&w);
    return w.bad ? LK_OK : keep_payload(&w, out);
}

static lk_err build_lurk(const struct builder *b, struct lk_bytes *out)
{
    static const uint8_t pairs[] = {LK_EXT_LURK, LK_LURK_VERSION, LK_EXT_TLS12, LK_TLS12_VERSION};
    bool tls12 = (b->exchanges & LK_EXCHANGE_BIT(LK_X_TLS12_CAPABILITIES)) != 0;
    uint8_t payload[32];
    struct lk_writer w = lk_writer_of(payload, sizeof payload);
    lk_lurk_capabilities_write(&w, lk_bytes_of(pairs, tls12 ? 4 : 2));
    return keep_payload(&w, out);
}

lk_err lk_capabilities_build(const struct lk_conf *conf, const struct lk_rights_table *table,
                             const struct lk_rights_class *class, const struct lk_key_order *order,
                             struct lk_capabilities *out)
{
    struct builder b = {.conf = conf, .table = table, .class = class, .order = order};
    b.exchanges = open_exchanges(&b);
    note_keys(&b);
    *out = (struct lk_capabilities){.exchanges = b.exchanges};
    LK_TRY(build_lurk(&b, &out->lurk));
    for (unsigned form = 0; form < LK_FORM_COUNT; form++)
        LK_TRY(build_tls12(&b, form, &out->tls12[form]));
    return LK_OK;
}

void lk_capabilities_fini(struct lk_capabilities *capabilities)
{
    free((void *)capabilities->lurk.data);
    for (unsigned form = 0; form < LK_FORM_COUNT; form++)
        free((void *)capabilities->tls12[form].data);
}
