#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/policy/policy.h"
#include "core/wire/split.h"
#include "core/wire/tls13.h"
#include "core/wire/tls12.h"

/* Two tenants. Tenant a: key r (RSA, decrypts), s (RSA, signs), p (P-256, signs), u (signs, no
 * rule). Tenant b: key q (P-384, signs), whose id is that of a's key p. */
#define HEAD                                                                                      \
    "channel: {certificate: /c/cert.pem, key: /c/key.pem, ca: /c/ca.pem}\n"                       \
    "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"                                \
    "tenants: [{name: a}, {name: b}, {name: empty}]\n"                                            \
    "keys:\n"                                                                                     \
    "- {name: r, tenant: a, file: /k/r, uses: [tls12-rsa]}\n"                                     \
    "- {name: s, tenant: a, file: /k/s, uses: [tls12-sign]}\n"                                    \
    "- {name: p, tenant: a, file: /k/p, uses: [tls12-sign]}\n"                                    \
    "- {name: u, tenant: a, file: /k/u, uses: [tls12-sign, tls13-sign]}\n"                        \
    "- {name: q, tenant: b, file: /k/q, uses: [tls12-sign]}\n"                                    \
    "edges:\n"                                                                                    \
    "- {name: one, tenant: a, match: 'uri:a:1'}\n"                                                \
    "- {name: many, tenant: a, match: 'uri:a:*'}\n"                                               \
    "- {name: b, tenant: b, match: 'dns:*.b.example'}\n"                                          \
    "- {name: none, tenant: empty, match: 'uri:none'}\n"
#define RULES                                                                                     \
    "rules:\n"                                                                                    \
    "- {name: r0, tenant: a, edges: [one], keys: [r, p], hashes: [sha256],\n"                     \
    "   exchanges: [tls12.rsa_master, tls12.ecdhe]}\n"                                            \
    "- {name: r1, tenant: a, edges: all, keys: [r],\n"                                            \
    "   exchanges: [tls12.rsa_master_with_poh, tls12.rsa_extended_master_with_poh]}\n"            \
    "- {name: r2, tenant: a, edges: [one], keys: [p, s], hashes: [sha384], require_poo: false,\n" \
    "   exchanges: [tls12.ecdhe]}\n"                                                              \
    "- {name: r3, tenant: b, edges: all, keys: all, exchanges: [tls12.ecdhe]}\n"                  \
    "- {name: r4, tenant: empty, edges: all, keys: all, exchanges: all}\n"

enum { R, S, P, U, Q, KEYS };
enum { ONE, MANY, B, NONE, EDGES };
static const char *const identity[EDGES] = {"uri:a:1", "uri:a:2", "dns:x.B.example", "uri:none"};
static const uint8_t id_of[KEYS][4] = {
    {1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}, {4, 0, 0, 0}, {3, 0, 0, 0}};
static const uint32_t kind_of[KEYS] = {LK_KEY_RSA, LK_KEY_RSA, LK_KEY_P256, LK_KEY_P256,
                                       LK_KEY_P384};
static const uint32_t tenant_of[KEYS] = {0, 0, 0, 0, 1};

/* Of key q where it is an RSA-PSS key with parameters; 0: it is the one above. */
static uint32_t q_barred;

struct world {
    struct lk_conf *conf;
    struct lk_keystore *keys;
    struct lk_policy *policy;
    const struct lk_edge *edge[EDGES];
};

/* Of key i: a chain of its own certificate and an issuer's, and a SubjectPublicKeyInfo. */
static void add_key(struct lk_keystore *store, const struct lk_conf *conf, uint32_t i,
                    size_t der_bytes)
{
    const struct lk_key_public *other = NULL;
    uint8_t *chain = calloc(1, 3 + der_bytes + 3 + 4);
    uint8_t spki[16];
    memset(spki, (int)(0x50 + i), sizeof spki);
    struct lk_writer w = lk_writer_of(chain, 3 + der_bytes + 3 + 4);
    lk_writer_u24(&w, (uint32_t)der_bytes);
    LK_ASSERT(der_bytes < 65536);
    memset(lk_writer_room(&w, der_bytes), (int)(0xc0 + i), der_bytes);
    lk_writer_u24(&w, 4);
    lk_writer_put(&w, "CA!!", 4);
    struct lk_key_public key = {.index = i, .tenant = tenant_of[i], .uses = conf->keys[i].uses,
                                .flags = conf->keys[i].flags,
                                .kind = kind_of[i], .spki = lk_bytes_of(spki, sizeof spki),
                                .chain = lk_bytes_of(chain, w.len), .keyid.id_count = 1};
    memcpy(key.keyid.id[0], id_of[i], 4);
    if (i == Q && q_barred != 0) {
        key.kind = LK_KEY_RSA_PSS;
        key.barred_hashes = q_barred;
    }
    assert_int_equal(lk_keystore_add(store, &key, &other), LK_OK);
    free(chain);
}

static void world_init(struct world *w, const char *text, size_t der_bytes)
{
    char error[2048];
    assert_int_equal(
        lk_conf_parse("f", lk_bytes_of(text, strlen(text)), &w->conf, error, sizeof error), LK_OK);
    assert_int_equal(lk_keystore_new(KEYS, &w->keys), LK_OK);
    for (uint32_t i = 0; i < KEYS; i++)
        add_key(w->keys, w->conf, i, der_bytes);
    assert_int_equal(lk_policy_new(w->conf, w->keys, &w->policy), LK_OK);
    for (int i = 0; i < EDGES; i++)
        w->edge[i] = lk_policy_edge(w->policy, identity[i]);
}

static void world_fini(struct world *w)
{
    lk_policy_free(w->policy);
    lk_keystore_free(w->keys);
    lk_conf_free(w->conf);
}

#define M(x) LK_EXCHANGE_BIT(LK_X_TLS12_##x)
#define RSA_ALL                                                                                    \
    (M(RSA_MASTER) | M(RSA_MASTER_WITH_POH) | M(RSA_EXTENDED_MASTER) |                             \
     M(RSA_EXTENDED_MASTER_WITH_POH))
#define POH (M(RSA_MASTER_WITH_POH) | M(RSA_EXTENDED_MASTER_WITH_POH))

/* What the rules above say, cell by cell; the ids of P and Q are one. */
static const lk_exchange_mask allowed[EDGES][KEYS] = {
    [ONE] = {[R] = M(RSA_MASTER) | POH, [S] = M(ECDHE), [P] = M(ECDHE), [Q] = M(ECDHE)},
    [MANY] = {[R] = POH},
    [B] = {[P] = M(ECDHE), [Q] = M(ECDHE)},
};

static void policy_every_cell_is_what_the_rules_say(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, HEAD RULES, 8);
    for (int e = 0; e < EDGES; e++)
        for (int k = 0; k < KEYS; k++)
            for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++) {
                struct lk_grant g = lk_policy_key(w.policy, w.edge[e], id_of[k], x);
                bool want = (allowed[e][k] & LK_EXCHANGE_BIT(x)) != 0;
                if ((g.key != NULL) != want) print_message("edge %d key %d exchange %u\n", e, k, x);
                assert_int_equal(g.key != NULL, want);
                if (want) assert_int_equal(g.key->tenant, w.conf->edges[w.edge[e]->index].tenant);
            }
    world_fini(&w);
}

static void policy_grant_is_the_union_of_its_rules(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, HEAD RULES, 8);
    struct lk_grant g = lk_policy_key(w.policy, w.edge[ONE], id_of[P], LK_X_TLS12_ECDHE);
    assert_int_equal(g.rule, 0);
    assert_int_equal(g.hashes, 1 << LK_SHA256 | 1 << LK_SHA384);
    assert_true(g.poo_optional);
    g = lk_policy_key(w.policy, w.edge[ONE], id_of[S], LK_X_TLS12_ECDHE);
    assert_int_equal(g.rule, 2);
    assert_int_equal(g.hashes, 1 << LK_SHA384);
    g = lk_policy_key(w.policy, w.edge[ONE], id_of[R], LK_X_TLS12_RSA_MASTER);
    assert_int_equal(g.hashes, 1 << LK_SHA256);
    g = lk_policy_key(w.policy, w.edge[ONE], id_of[R], LK_X_TLS12_RSA_MASTER_WITH_POH);
    assert_int_equal(g.rule, 1);
    assert_int_equal(g.hashes, 7);
    g = lk_policy_key(w.policy, w.edge[B], id_of[Q], LK_X_TLS12_ECDHE);
    assert_int_equal(g.key->index, Q);
    assert_false(g.poo_optional);
    world_fini(&w);
}

/* An id of another tenant, a key without a rule and an id of nobody give the same answer. */
static void policy_closed_looks_unknown(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, HEAD RULES, 8);
    static const uint8_t nobody[4] = {9, 9, 9, 9};
    struct lk_grant unknown = lk_policy_key(w.policy, w.edge[B], nobody, LK_X_TLS12_ECDHE);
    struct lk_grant foreign = lk_policy_key(w.policy, w.edge[B], id_of[S], LK_X_TLS12_ECDHE);
    struct lk_grant closed = lk_policy_key(w.policy, w.edge[ONE], id_of[U], LK_X_TLS12_ECDHE);
    assert_null(unknown.key);
    assert_int_equal(unknown.rule, UINT32_MAX);
    assert_memory_equal(&unknown, &foreign, sizeof unknown);
    assert_memory_equal(&unknown, &closed, sizeof unknown);
    world_fini(&w);
}

static void policy_first_edge_that_matches_counts(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, HEAD RULES, 8);
    assert_string_equal(w.edge[ONE]->name, "one");
    assert_string_equal(w.edge[MANY]->name, "many");
    assert_string_equal(w.edge[B]->name, "b");
    assert_int_equal(w.edge[B]->tenant, 1);
    assert_null(lk_policy_edge(w.policy, "uri:b:1"));
    assert_null(lk_policy_edge(w.policy, "dns:b.example"));
    assert_null(lk_policy_edge(w.policy, ""));
    world_fini(&w);
}

static void policy_edge_without_a_usable_key_has_lurk_alone(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, HEAD RULES, 8);
    const lk_exchange_mask lurk =
        LK_EXCHANGE_BIT(LK_X_LURK_CAPABILITIES) | LK_EXCHANGE_BIT(LK_X_LURK_PING);
    const lk_exchange_mask tls12 = lurk | M(CAPABILITIES) | M(PING);
    assert_int_equal(w.edge[NONE]->exchanges, lurk);
    assert_int_equal(w.edge[NONE]->capabilities[LK_EXTENSION_TLS12][0].len, 0);
    assert_int_equal(w.edge[ONE]->exchanges, tls12 | M(RSA_MASTER) | POH | M(ECDHE));
    assert_int_equal(w.edge[MANY]->exchanges, tls12 | POH);
    assert_int_equal(w.edge[B]->exchanges, tls12 | M(ECDHE));
    assert_memory_equal(w.edge[NONE]->capabilities[LK_EXTENSION_LURK][0].data, "\0\2\0\1", 4);
    assert_memory_equal(w.edge[ONE]->capabilities[LK_EXTENSION_LURK][0].data, "\0\4\0\1\1\1", 6);
    assert_int_equal(w.edge[ONE]->capabilities[LK_EXTENSION_LURK][0].len, 10);
    assert_memory_not_equal(lk_edge_state(w.edge[ONE], LK_EXTENSION_LURK, LK_MESSAGE_BYTES_MAX).data,
                            lk_edge_state(w.edge[NONE], LK_EXTENSION_LURK, LK_MESSAGE_BYTES_MAX).data, 4);
    world_fini(&w);
}

static void policy_vault_bound_covers_every_edge(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, HEAD RULES, 8);
    static const lk_exchange_mask want[KEYS] = {
        [R] = M(RSA_MASTER) | POH, [S] = M(ECDHE), [P] = M(ECDHE), [U] = 0, [Q] = M(ECDHE)};
    static const uint32_t hashes[KEYS] = {[R] = 7, [S] = 2, [P] = 3, [U] = 0, [Q] = 7};
    for (uint32_t k = 0; k < KEYS; k++) {
        struct lk_key_rights rights = lk_policy_key_rights(w.conf, k);
        assert_int_equal(rights.exchanges, want[k]);
        assert_int_equal(rights.hashes, hashes[k]);
        assert_int_equal(rights.poo_optional, k == S || k == P);
    }
    world_fini(&w);
}

/* --- capabilities ---------------------------------------------------------------------------- */

/* The entry of a type; the payload is parsed to its end, and its state checked against lurk.md 5.4.
 * */
static bool entry_of(struct lk_bytes payload, uint8_t type, struct lk_tls12_capability *out)
{
    uint8_t digest[LK_SHA256_BYTES];
    bool found = false;
    int last = -1;
    assert_true(payload.len > 4);
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(payload.data, payload.len - 4));
    while (lk_cursor_left(&c) > 0) {
        struct lk_tls12_capability entry;
        assert_true(lk_tls12_capability_parse(&c, &entry));
        assert_true(entry.type > last);
        last = entry.type;
        if (entry.type != type) continue;
        *out = entry;
        found = true;
    }
    lk_sha256(payload.data, payload.len - 4, digest);
    assert_memory_equal(digest, payload.data + payload.len - 4, 4);
    return found;
}

static void assert_list(struct lk_bytes list, const char *bytes, size_t len)
{
    assert_int_equal(list.len, len);
    assert_memory_equal(list.data, bytes, len);
}
#define ASSERT_LIST(list, bytes) assert_list((list), (bytes), sizeof(bytes) - 1)

static void capabilities_lists_what_the_edge_may_use(void **state)
{
    (void)state;
    struct world w;
    struct lk_tls12_capability entry;
    world_init(&w, HEAD RULES, 8);
    struct lk_bytes payload = w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0];
    assert_memory_equal(lk_edge_state(w.edge[ONE], LK_EXTENSION_TLS12, LK_MESSAGE_BYTES_MAX).data, payload.data + payload.len - 4, 4);
    assert_true(entry_of(payload, LK_TLS12_CAPABILITIES, &entry));
    assert_true(entry_of(payload, LK_TLS12_PING, &entry));
    assert_false(entry_of(payload, LK_TLS12_RSA_EXTENDED_MASTER, &entry));
    assert_true(entry_of(payload, LK_TLS12_RSA_MASTER, &entry));
    ASSERT_LIST(entry.key_id_types, "\0");
    ASSERT_LIST(entry.freshness_functs, "\0");
    ASSERT_LIST(entry.prf_hashes, "\0");
    ASSERT_LIST(entry.certificates, "\0\0\0\x08\xc0\xc0\xc0\xc0\xc0\xc0\xc0\xc0");
    /* rule r0 allows SHA-256 alone, which leaves out 009d and c09d's like */
    for (size_t i = 0; i < entry.cipher_suites.len; i += 2)
        assert_memory_not_equal(entry.cipher_suites.data + i, "\x00\x9d", 2);
    assert_true(entry_of(payload, LK_TLS12_RSA_MASTER_WITH_POH, &entry));
    ASSERT_LIST(entry.prf_hashes, "\0\1\2");
    ASSERT_LIST(entry.cipher_suites,
                "\x00\x2f\x00\x35\x00\x3c\x00\x3d\x00\x9c\x00\x9d\xc0\x9c\xc0\x9d\xc0\xa0\xc0\xa1");
    assert_true(entry_of(payload, LK_TLS12_ECDHE, &entry));
    /* p: sha256 and sha384; s: sha384 alone */
    ASSERT_LIST(entry.sig_and_hash, "\x04\x03\x05\x01\x05\x03\x08\x05");
    ASSERT_LIST(entry.ecdsa_curves, "\x00\x17");
    ASSERT_LIST(entry.ecdhe_curves, "\x00\x17\x00\x18\x00\x19\x00\x1d\x00\x1e");
    ASSERT_LIST(entry.poo_prfs, "\0\1\2");
    assert_int_equal(entry.certificates.len, 2 * 12);
    assert_true(entry_of(w.edge[B]->capabilities[LK_EXTENSION_TLS12][0], LK_TLS12_ECDHE, &entry));
    ASSERT_LIST(entry.poo_prfs, "\1\2");
    ASSERT_LIST(entry.sig_and_hash, "\x04\x03\x05\x03\x06\x03");
    ASSERT_LIST(entry.ecdsa_curves, "\x00\x18");
    world_fini(&w);
}

static void capabilities_leave_out_what_the_key_itself_bars(void **state)
{
    (void)state;
    struct world w;
    struct lk_tls12_capability entry;
    q_barred = ~(1u << LK_SHA384);
    world_init(&w, HEAD RULES, 8);
    q_barred = 0;
    assert_true(entry_of(w.edge[B]->capabilities[LK_EXTENSION_TLS12][0], LK_TLS12_ECDHE, &entry));
    ASSERT_LIST(entry.sig_and_hash, "\x08\x0a");
    struct lk_grant grant = lk_policy_key(w.policy, w.edge[B], id_of[Q], LK_X_TLS12_ECDHE);
    assert_non_null(grant.key);
    assert_int_equal(grant.hashes, 1u << LK_SHA384);
    world_fini(&w);
}

static void capabilities_ascend_by_digest(void **state)
{
    (void)state;
    struct world w;
    struct lk_tls12_capability entry;
    uint8_t before[LK_SHA256_BYTES] = {0};
    world_init(&w, HEAD "rules: [{name: x, tenant: a, edges: all, keys: all, exchanges: all}]\n",
               8);
    for (unsigned form = 0; form < 2; form++) {
        struct lk_bytes payload = w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][form];
        assert_true(entry_of(payload, LK_TLS12_ECDHE, &entry));
        struct lk_cursor c = lk_cursor_of(entry.certificates);
        memset(before, 0, sizeof before);
        for (int i = 0; i < 3; i++) { /* s, p, u */
            uint8_t digest[LK_SHA256_BYTES];
            assert_int_equal(lk_cursor_u8(&c), form == 0 ? 0 : 2);
            struct lk_bytes der = lk_cursor_vec24(&c);
            assert_int_equal(der.len, form == 0 ? 8 : 16);
            lk_sha256(der.data, der.len, digest);
            assert_true(memcmp(before, digest, sizeof digest) < 0);
            memcpy(before, digest, sizeof digest);
        }
        assert_true(lk_cursor_done(&c));
    }
    world_fini(&w);
}

static void capabilities_too_large_show_raw_keys_then_none(void **state)
{
    (void)state;
    struct world w;
    struct lk_tls12_capability entry;
    world_init(&w, HEAD RULES "limits: {message_size: 1024 B}\n", 8);
    assert_true(entry_of(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0], LK_TLS12_ECDHE, &entry));
    assert_int_equal(entry.certificates.data[0], 0);
    world_fini(&w);
    world_init(&w, HEAD RULES "limits: {message_size: 1024 B}\n", 600);
    assert_true(entry_of(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0], LK_TLS12_ECDHE, &entry));
    assert_int_equal(entry.certificates.data[0], 2);
    assert_true(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0].len <= 1024 - LK_HEADER_BYTES);
    assert_true(
        lk_bytes_equal(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0],
                       w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][LK_FORM_RAW]));
    assert_true(entry_of(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][LK_FORM_NONE],
                         LK_TLS12_ECDHE, &entry));
    assert_int_equal(entry.certificates.len, 0);
    world_fini(&w);
    world_init(&w, HEAD RULES, 40000); /* more than any message holds */
    assert_true(entry_of(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0], LK_TLS12_ECDHE, &entry));
    assert_int_equal(entry.certificates.data[0], 2);
    world_fini(&w);
    world_init(&w, HEAD RULES "requests: {capabilities_certificates: none}\n", 8);
    assert_true(entry_of(w.edge[ONE]->capabilities[LK_EXTENSION_TLS12][0], LK_TLS12_ECDHE, &entry));
    assert_int_equal(entry.certificates.len, 0);
    world_fini(&w);
}

static void state_of(const char *text, int edge, uint8_t lurk[4], uint8_t tls12[4])
{
    struct world w;
    world_init(&w, text, 8);
    memcpy(lurk, lk_edge_state(w.edge[edge], LK_EXTENSION_LURK, LK_MESSAGE_BYTES_MAX).data, 4);
    memcpy(tls12, lk_edge_state(w.edge[edge], LK_EXTENSION_TLS12, LK_MESSAGE_BYTES_MAX).data, 4);
    world_fini(&w);
}

/* Rights of others, names and order of rules leave the state alone; own rights change it. */
static void capabilities_state_changes_with_the_rights(void **state)
{
    (void)state;
    static const char base[] = HEAD "rules: [{name: x, tenant: a, edges: [many], keys: [p],"
                                    " exchanges: [tls12.ecdhe], hashes: [sha256]}]\n";
    static const struct {
        const char *text;
        bool tls12_same, lurk_same;
    } row[] = {
        {base, true, true},
        {HEAD "rules: [{name: y, tenant: a, edges: [many], keys: [p], exchanges: [tls12.ecdhe],"
              " hashes: [sha256]}]\n", true, true},
        {HEAD "rules: [{name: z, tenant: b, edges: all, keys: all, exchanges: all},"
              " {name: x, tenant: a, edges: [many], keys: [p], exchanges: [tls12.ecdhe],"
              " hashes: [sha256]}]\n", true, true},
        {HEAD "rules: [{name: x, tenant: a, edges: [many], keys: [p], exchanges: [tls12.ecdhe],"
              " hashes: [sha384]}]\n", false, true},
        {HEAD "rules: [{name: x, tenant: a, edges: [many], keys: [p, s], exchanges: [tls12.ecdhe],"
              " hashes: [sha256]}]\n", false, true},
        {HEAD "rules: [{name: x, tenant: a, edges: [many], keys: [p], exchanges: [tls12.ecdhe],"
              " hashes: [sha256], require_poo: false}]\n", false, true},
        {HEAD "rules: [{name: x, tenant: a, edges: [one], keys: [p], exchanges: [tls12.ecdhe],"
              " hashes: [sha256]}]\n", false, false},
    };
    uint8_t want[2][4];
    state_of(base, MANY, want[0], want[1]);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint8_t got[2][4];
        state_of(row[i].text, MANY, got[0], got[1]);
        assert_int_equal(memcmp(got[0], want[0], 4) == 0, row[i].lurk_same);
        assert_int_equal(memcmp(got[1], want[1], 4) == 0, row[i].tls12_same);
    }
}

/* --- tls13, split ---------------------------------------------------------------------------- */

#define PAIRS                                                                                     \
    "channel: {certificate: /c, key: /k, ca: /a}\n"                                               \
    "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"                                \
    "tenants: [{name: a}, {name: b}, {name: empty}]\n"                                            \
    "keys:\n"                                                                                     \
    "- {name: r, tenant: a, file: /k/r, uses: [tls12-rsa], flags: [premaster]}\n"                 \
    "- {name: s, tenant: a, file: /k/s, uses: [tls12-sign], flags: [unfresh]}\n"                  \
    "- {name: p, tenant: a, file: /k/p, uses: [tls13-sign], flags: [premaster, request],"         \
    "   chain: /k/p.crt}\n"                                                                       \
    "- {name: u, tenant: a, file: /k/u, uses: [tls13-client], flags: [request], chain: /k/u.crt}\n"\
    "- {name: q, tenant: b, file: /k/q, uses: [tls12-sign]}\n"                                    \
    "edges:\n"                                                                                    \
    "- {name: one, tenant: a, match: 'uri:a:1', flags: [premaster, unfresh, unproved, request]}\n"\
    "- {name: many, tenant: a, match: 'uri:a:*'}\n"                                               \
    "- {name: b, tenant: b, match: 'dns:*.b.example', flags: [unproved]}\n"                       \
    "- {name: none, tenant: empty, match: 'uri:none'}\n"                                          \
    "rules:\n"                                                                                    \
    "- {name: r0, tenant: a, edges: all, keys: all, exchanges: [split.rsa_premaster,\n"           \
    "   split.sign_ske, split.sign_cert_verify, split.sign_cert_request,\n"                       \
    "   tls13.s_init_cert_verify]}\n"                                                             \
    "- {name: r1, tenant: b, edges: all, keys: all, exchanges: [split.sign_ske]}\n"
#define S(x) LK_EXCHANGE_BIT(LK_X_SPLIT_##x)
#define T13(x) LK_EXCHANGE_BIT(LK_X_TLS13_##x)

/* lurk-split.md: a flag counts where both carry it, and what it opens is closed elsewhere. */
static void policy_flags_count_on_both_sides_only(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, PAIRS, 8);
    assert_non_null(lk_policy_key(w.policy, w.edge[ONE], id_of[R], LK_X_SPLIT_RSA_PREMASTER).key);
    assert_null(lk_policy_key(w.policy, w.edge[MANY], id_of[R], LK_X_SPLIT_RSA_PREMASTER).key);
    assert_null(lk_policy_key(w.policy, w.edge[ONE], id_of[P], LK_X_SPLIT_RSA_PREMASTER).key);
    struct lk_grant g = lk_policy_key(w.policy, w.edge[ONE], id_of[S], LK_X_SPLIT_SIGN_SKE);
    assert_int_equal(g.flags, LK_FLAG_UNFRESH);
    g = lk_policy_key(w.policy, w.edge[MANY], id_of[S], LK_X_SPLIT_SIGN_SKE);
    assert_non_null(g.key);
    assert_int_equal(g.flags, 0);
    assert_int_equal(lk_policy_key(w.policy, w.edge[B], id_of[Q], LK_X_SPLIT_SIGN_SKE).flags, 0);
    assert_non_null(lk_policy_key(w.policy, w.edge[ONE], id_of[P], LK_X_SPLIT_SIGN_CERT_REQUEST).key);
    assert_null(lk_policy_key(w.policy, w.edge[MANY], id_of[P], LK_X_SPLIT_SIGN_CERT_REQUEST).key);
    assert_null(lk_policy_key(w.policy, w.edge[ONE], id_of[S], LK_X_SPLIT_SIGN_CERT_REQUEST).key);
    assert_true((w.edge[ONE]->exchanges & S(RSA_PREMASTER)) != 0);
    assert_true((w.edge[MANY]->exchanges & S(RSA_PREMASTER)) == 0);
    /* the vault's own word, without the front's */
    assert_int_equal(lk_policy_key_rights(w.conf, R).exchanges, S(RSA_PREMASTER));
    assert_int_equal(lk_policy_key_rights(w.conf, S).flags, LK_FLAG_UNFRESH);
    assert_int_equal(lk_policy_key_rights(w.conf, Q).flags, 0);
    world_fini(&w);
}

/* A use opens its own exchanges and no other. */
static void policy_uses_are_kept_apart(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, PAIRS, 8);
    static const lk_exchange_mask want[KEYS] = {
        [R] = S(RSA_PREMASTER),
        [S] = S(SIGN_SKE),
        [P] = S(SIGN_CERT_VERIFY) | S(SIGN_CERT_REQUEST) | T13(S_INIT_CERT_VERIFY),
        [U] = S(SIGN_CERT_VERIFY) | S(SIGN_CERT_REQUEST),
        [Q] = S(SIGN_SKE),
    };
    for (uint32_t k = 0; k < KEYS; k++)
        assert_int_equal(lk_policy_key_rights(w.conf, k).exchanges, want[k]);
    assert_true(lk_policy_role_kept(w.conf->keys[P].uses, LK_SPLIT_SERVER));
    assert_false(lk_policy_role_kept(w.conf->keys[P].uses, LK_SPLIT_CLIENT));
    assert_true(lk_policy_role_kept(w.conf->keys[U].uses, LK_SPLIT_CLIENT));
    assert_false(lk_policy_role_kept(w.conf->keys[U].uses, LK_SPLIT_SERVER));
    world_fini(&w);
}

static struct lk_bytes without_state(struct lk_bytes payload, const uint8_t state[LK_STATE_BYTES])
{
    uint8_t digest[LK_SHA256_BYTES];
    assert_true(payload.len > LK_STATE_BYTES);
    lk_sha256(payload.data, payload.len - LK_STATE_BYTES, digest);
    assert_memory_equal(digest, payload.data + payload.len - LK_STATE_BYTES, LK_STATE_BYTES);
    assert_memory_equal(digest, state, LK_STATE_BYTES);
    return lk_bytes_of(payload.data, payload.len - LK_STATE_BYTES);
}

static struct lk_bytes shown(const struct lk_edge *edge, enum lk_extension x, unsigned form)
{
    struct lk_bytes payload = edge->capabilities[x][form];
    return without_state(payload, form == 0 ? lk_edge_state(edge, x, LK_MESSAGE_BYTES_MAX).data
                                            : payload.data + payload.len - LK_STATE_BYTES);
}

static void capabilities_of_split_show_what_the_edge_may_ask(void **state)
{
    (void)state;
    struct world w;
    struct lk_split_capabilities c;
    world_init(&w, PAIRS, 8);
    ASSERT_LIST(lk_bytes_of(w.edge[ONE]->capabilities[LK_EXTENSION_LURK][0].data, 8),
                "\0\6\0\1\2\1\xf0\1");
    assert_true(lk_split_capabilities_parse(shown(w.edge[ONE], LK_EXTENSION_SPLIT, 0), &c));
    ASSERT_LIST(c.types, "\0\1\2\4\6\12");
    ASSERT_LIST(c.freshness, "\0\xff");
    ASSERT_LIST(c.poo_prfs, "\1\2");
    ASSERT_LIST(c.groups, "\0\x17\0\x18\0\x19\0\x1d\0\x1e\1\0\1\1");
    assert_int_equal(c.keys.len, 4 * LK_SPLIT_KEY_BYTES);
    struct lk_cursor keys = lk_cursor_of(c.keys);
    uint32_t uses = 0;
    while (lk_cursor_left(&keys) > 0) {
        struct lk_bytes entry = lk_cursor_take(&keys, LK_SPLIT_KEY_BYTES);
        uses += (uint32_t)entry.data[6] << 8 | entry.data[7];
        assert_int_equal(entry.data[0], 0);
        if (entry.data[7] == 4) assert_int_equal(entry.data[5], LK_SPLIT_KIND_RSA_DECRYPT);
    }
    assert_int_equal(uses, 4 + 16 + 64 + 64 + 2 * 1024); /* 1 << type, of r, s, p and u */
    assert_true(lk_split_capabilities_parse(shown(w.edge[MANY], LK_EXTENSION_SPLIT, 0), &c));
    ASSERT_LIST(c.types, "\0\1\4\6");
    ASSERT_LIST(c.freshness, "\0");
    assert_true(lk_split_capabilities_parse(shown(w.edge[ONE], LK_EXTENSION_SPLIT, 2), &c));
    assert_int_equal(c.keys.len, 0);
    world_fini(&w);
}

/* lurkd serves no larger group of DHE than is configured, and shows none. */
static void capabilities_of_split_end_at_the_largest_dhe_group(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t bytes;
        size_t groups; /* beside the five curves */
    } rows[] = {
        {PAIRS, 384, 2},
        {"requests: {dhe_bits_max: 2048}\n" PAIRS, 256, 1},
        {"requests: {dhe_bits_max: 6143}\n" PAIRS, 767, 3},
        {"requests: {dhe_bits_max: 8192}\n" PAIRS, 1024, 5},
    };
    static const uint8_t groups[] = {1, 0, 1, 1, 1, 2, 1, 3, 1, 4};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        struct lk_split_capabilities c;
        world_init(&w, rows[i].text, 8);
        assert_int_equal(lk_policy_key_rights(w.conf, S).dhe_bytes_max, rows[i].bytes);
        assert_true(lk_split_capabilities_parse(shown(w.edge[ONE], LK_EXTENSION_SPLIT, 0), &c));
        assert_int_equal(c.groups.len, 2 * (5 + rows[i].groups));
        assert_memory_equal(c.groups.data + 10, groups, 2 * rows[i].groups);
        world_fini(&w);
    }
}

static void capabilities_of_tls13_show_what_the_edge_may_ask(void **state)
{
    (void)state;
    struct world w;
    struct lk_tls13_capabilities c;
    uint8_t digest[LK_SHA256_BYTES], der[8];
    world_init(&w, PAIRS, 8);
    assert_true(lk_tls13_capabilities_parse(shown(w.edge[MANY], LK_EXTENSION_TLS13, 0), &c));
    ASSERT_LIST(c.types, "\0\1\2");
    ASSERT_LIST(c.freshness, "\0\1\2");
    ASSERT_LIST(c.methods, "\1\2");
    ASSERT_LIST(c.groups, "\0\x17\0\x18\0\x19\0\x1d\0\x1e\x11\xeb\x11\xec\x11\xed");
    ASSERT_LIST(c.suites, "\x13\1\x13\2\x13\3\x13\4\x13\5");
    ASSERT_LIST(c.schemes, "\4\3"); /* p is a P-256 key: its own hash alone */
    ASSERT_LIST(c.certs, "\0\x81\0\x82");
    memset(der, 0xc0 + P, sizeof der); /* its own certificate, see add_key */
    lk_sha256(der, sizeof der, digest);
    assert_int_equal(c.fingerprints.len, LK_TLS13_FINGERPRINT_BYTES);
    assert_memory_equal(c.fingerprints.data, digest, LK_TLS13_FINGERPRINT_BYTES);
    assert_int_equal(w.edge[B]->capabilities[LK_EXTENSION_TLS13][0].len, 0);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_every_cell_is_what_the_rules_say),
        cmocka_unit_test(policy_grant_is_the_union_of_its_rules),
        cmocka_unit_test(policy_closed_looks_unknown),
        cmocka_unit_test(policy_first_edge_that_matches_counts),
        cmocka_unit_test(policy_edge_without_a_usable_key_has_lurk_alone),
        cmocka_unit_test(policy_vault_bound_covers_every_edge),
        cmocka_unit_test(capabilities_lists_what_the_edge_may_use),
        cmocka_unit_test(capabilities_leave_out_what_the_key_itself_bars),
        cmocka_unit_test(capabilities_ascend_by_digest),
        cmocka_unit_test(capabilities_too_large_show_raw_keys_then_none),
        cmocka_unit_test(capabilities_state_changes_with_the_rights),
        cmocka_unit_test(policy_flags_count_on_both_sides_only),
        cmocka_unit_test(policy_uses_are_kept_apart),
        cmocka_unit_test(capabilities_of_split_show_what_the_edge_may_ask),
        cmocka_unit_test(capabilities_of_split_end_at_the_largest_dhe_group),
        cmocka_unit_test(capabilities_of_tls13_show_what_the_edge_may_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
