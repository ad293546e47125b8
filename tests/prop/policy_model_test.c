/* The compiled policy against the rules read one by one, on random configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/policy/policy.h"

enum { TENANTS = 3, KEYS = 40, EDGES = 12, RULES = 14, ROUNDS = 60, FIRST = LK_X_TLS12_RSA_MASTER };

static uint64_t seed;

static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static const char *const use_names[] = {"tls12-rsa", "tls12-sign", "tls13-sign", "tls13-client"};
static const char *const flag_names[] = {"premaster", "unfresh", "unproved", "request"};
static const char *const hash_names[] = {"sha256", "sha384", "sha512"};

/* "all", or the names of some rows of this tenant; rows belong to tenant index % TENANTS. */
static int put_names(char *to, const char *option, char letter, uint32_t tenant, uint32_t rows)
{
    int len = sprintf(to, ", %s: ", option);
    if (below(3) == 0) return len + sprintf(to + len, "all");
    len += sprintf(to + len, "[%c%u", letter, tenant);
    for (uint32_t i = tenant + TENANTS; i < rows; i += TENANTS)
        if (below(3) == 0) len += sprintf(to + len, ", %c%u", letter, i);
    return len + sprintf(to + len, "]");
}

static enum lk_exchange_id keyed_exchange(void)
{
    enum lk_exchange_id id;
    do
        id = FIRST + below(LK_EXCHANGE_COUNT - FIRST);
    while (!lk_exchange_keyed(id) || id == LK_X_TLS12_ECDHE);
    return id;
}

static int put_rule(char *to, uint32_t index)
{
    uint32_t tenant = below(TENANTS);
    int len = sprintf(to, "- {name: r%u, tenant: t%u", index, tenant);
    len += put_names(to + len, "edges", 'e', tenant, EDGES);
    len += put_names(to + len, "keys", 'k', tenant, KEYS);
    len += sprintf(to + len, ", exchanges: [%s", lk_exchange_name(keyed_exchange()));
    if (below(2) == 0) len += sprintf(to + len, ", tls12.ecdhe");
    len += sprintf(to + len, "], hashes: [%s]", hash_names[below(3)]);
    return len + sprintf(to + len, ", require_poo: %s}\n", below(2) == 0 ? "true" : "false");
}

/* None, or some. */
static const char *random_flags(void)
{
    static char text[64];
    const char *one = flag_names[below(4)], *other = flag_names[below(4)];
    if (below(2) == 0) return "";
    sprintf(text, one != other ? ", flags: [%s, %s]" : ", flags: [%s]", one, other);
    return text;
}

static struct lk_conf *random_conf(void)
{
    static char text[65536];
    char error[4096];
    struct lk_conf *conf = NULL;
    int len = sprintf(text, "channel: {certificate: /c, key: /k, ca: /a}\n"
                            "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"
                            "tenants: [{name: t0}, {name: t1}, {name: t2}]\nkeys:\n");
    for (uint32_t i = 0; i < KEYS; i++)
        len += sprintf(text + len, "- {name: k%u, tenant: t%u, file: /f, chain: /c, uses: [%s]%s}\n", i,
                       i % TENANTS, use_names[below(4)], random_flags());
    len += sprintf(text + len, "edges:\n");
    for (uint32_t i = 0; i < EDGES; i++)
        len +=
            sprintf(text + len, "- {name: e%u, tenant: t%u, match: 'uri:%u'%s}\n", i, i % TENANTS, i,
                    random_flags());
    len += sprintf(text + len, "rules:\n");
    for (uint32_t i = 0; i < RULES; i++)
        len += put_rule(text + len, i);
    lk_err err =
        lk_conf_parse("random", lk_bytes_of(text, (size_t)len), &conf, error, sizeof error);
    if (err != LK_OK) print_message("%s\n%s\n", text, error);
    assert_int_equal(err, LK_OK);
    return conf;
}

/* Key i has the id i / TENANTS, so that ids repeat between tenants. A fifth of the keys did not
 * load. */
static struct lk_keystore *random_keys(const struct lk_conf *conf, bool loaded[KEYS])
{
    struct lk_keystore *keys;
    assert_int_equal(lk_keystore_new(KEYS, &keys), LK_OK);
    for (uint32_t i = 0; i < KEYS; i++) {
        const struct lk_key_public *other;
        struct lk_key_public key = {.index = i, .tenant = i % TENANTS, .uses = conf->keys[i].uses,
                                    .flags = conf->keys[i].flags,
                                    .spki = lk_bytes_of(&i, sizeof i), .keyid.id_count = 1};
        key.keyid.id[0][0] = (uint8_t)(i / TENANTS);
        loaded[i] = below(5) != 0;
        if (loaded[i]) assert_int_equal(lk_keystore_add(keys, &key, &other), LK_OK);
    }
    return keys;
}

static bool holds(const uint32_t *list, uint32_t count, uint32_t index)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == index) return true;
    return list == NULL;
}

/* What an exchange needs of a key, and of the flags it shares with who asks. */
static bool serves(const struct lk_conf_key *key, uint32_t flags, unsigned exchange)
{
    switch (exchange) {
    case LK_X_TLS12_RSA_MASTER:
    case LK_X_TLS12_RSA_MASTER_WITH_POH:
    case LK_X_TLS12_RSA_EXTENDED_MASTER:
    case LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH: return (key->uses & LK_USE_TLS12_RSA) != 0;
    case LK_X_TLS12_ECDHE:
    case LK_X_SPLIT_SIGN_SKE: return (key->uses & LK_USE_TLS12_SIGN) != 0;
    case LK_X_TLS13_S_INIT_CERT_VERIFY: return (key->uses & LK_USE_TLS13_SIGN) != 0;
    case LK_X_SPLIT_SIGN_CERT_VERIFY:
        return (key->uses & (LK_USE_TLS13_SIGN | LK_USE_TLS13_CLIENT)) != 0;
    case LK_X_SPLIT_RSA_PREMASTER:
        return (key->uses & LK_USE_TLS12_RSA) != 0 && (flags & LK_FLAG_PREMASTER) != 0;
    case LK_X_SPLIT_SIGN_CERT_REQUEST: return (flags & LK_FLAG_REQUEST) != 0;
    default: return false;
    }
}

struct verdict {
    bool granted, poo_optional;
    uint32_t hashes, rule;
};

static struct verdict model(const struct lk_conf *conf, uint32_t edge, uint32_t key,
                            unsigned exchange)
{
    struct verdict v = {.rule = UINT32_MAX};
    for (uint32_t r = 0; r < conf->rule_count; r++) {
        const struct lk_conf_rule *rule = &conf->rules[r];
        bool applies =
            rule->tenant == conf->edges[edge].tenant && rule->tenant == conf->keys[key].tenant &&
            holds(rule->edges, rule->edge_count, edge) && holds(rule->keys, rule->key_count, key) &&
            (rule->exchanges & LK_EXCHANGE_BIT(exchange)) != 0;
        uint32_t flags = conf->keys[key].flags & conf->edges[edge].flags;
        if (!applies || !serves(&conf->keys[key], flags, exchange)) continue;
        if (!v.granted) v.rule = r;
        v.granted = true;
        v.hashes |= rule->hashes;
        v.poo_optional |= !rule->require_poo;
    }
    return v;
}

static void compare_cell(const struct lk_conf *conf, const struct lk_policy *policy, uint32_t edge,
                         uint32_t key, bool loaded)
{
    char identity[32];
    uint8_t id[LK_KEY_ID_BYTES] = {(uint8_t)(key / TENANTS)};
    (void)snprintf(identity, sizeof identity, "uri:%u", edge);
    const struct lk_edge *who = lk_policy_edge(policy, identity);
    assert_non_null(who);
    for (unsigned x = FIRST; x < LK_EXCHANGE_COUNT; x++) {
        struct verdict want = model(conf, edge, key, x);
        struct lk_grant got = lk_policy_key(policy, who, id, x);
        assert_int_equal(got.key != NULL, want.granted && loaded);
        if (want.granted) assert_true((who->exchanges & LK_EXCHANGE_BIT(x)) != 0);
        if (got.key == NULL) continue;
        assert_int_equal(got.key->index, key);
        assert_int_equal(got.hashes, want.hashes);
        assert_int_equal(got.rule, want.rule);
        assert_int_equal(got.flags, conf->keys[key].flags & conf->edges[edge].flags);
        if (x == LK_X_TLS12_ECDHE) assert_int_equal(got.poo_optional, want.poo_optional);
    }
}

/* The vault's bound: the union over all edges, no more and no less. Edges that no rule names do not
 * widen it, so the model looks at rules, not at edges. */
static void compare_bound(const struct lk_conf *conf, uint32_t key)
{
    struct lk_key_rights want = {.exchanges = 0};
    for (uint32_t e = key % TENANTS; e < EDGES; e += TENANTS)
        want.flags |= conf->keys[key].flags & conf->edges[e].flags;
    for (uint32_t r = 0; r < conf->rule_count; r++) {
        const struct lk_conf_rule *rule = &conf->rules[r];
        if (rule->tenant != conf->keys[key].tenant || !holds(rule->keys, rule->key_count, key))
            continue;
        for (unsigned x = FIRST; x < LK_EXCHANGE_COUNT; x++) {
            if ((rule->exchanges & LK_EXCHANGE_BIT(x)) == 0 || !serves(&conf->keys[key], want.flags, x))
                continue;
            want.exchanges |= LK_EXCHANGE_BIT(x);
            want.hashes |= rule->hashes;
            want.poo_optional |= x == LK_X_TLS12_ECDHE && !rule->require_poo;
        }
    }
    struct lk_key_rights got = lk_policy_key_rights(conf, key);
    assert_int_equal(got.exchanges, want.exchanges);
    assert_int_equal(got.hashes, want.hashes);
    assert_int_equal(got.poo_optional, want.poo_optional);
    assert_int_equal(got.flags, want.flags);
    assert_int_equal(got.uses, conf->keys[key].uses);
}

/* A type is open to an edge exactly when some key of the configuration can serve it there. */
static void compare_open(const struct lk_conf *conf, const struct lk_policy *policy, uint32_t edge)
{
    char identity[32];
    lk_exchange_mask want = 0;
    (void)snprintf(identity, sizeof identity, "uri:%u", edge);
    for (uint32_t key = 0; key < KEYS; key++)
        for (unsigned x = FIRST; x < LK_EXCHANGE_COUNT; x++)
            if (model(conf, edge, key, x).granted) want |= LK_EXCHANGE_BIT(x);
    lk_exchange_mask got = lk_policy_edge(policy, identity)->exchanges;
    for (unsigned x = FIRST; x < LK_EXCHANGE_COUNT; x++)
        if (!lk_exchange_keyed(x)) got &= ~LK_EXCHANGE_BIT(x);
    assert_int_equal(got >> FIRST, want >> FIRST);
}

static void policy_agrees_with_the_rules_read_one_by_one(void **state)
{
    (void)state;
    seed = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < ROUNDS; round++) {
        bool loaded[KEYS];
        struct lk_conf *conf = random_conf();
        struct lk_keystore *keys = random_keys(conf, loaded);
        struct lk_policy *policy;
        assert_int_equal(lk_policy_new(conf, keys, &policy), LK_OK);
        for (uint32_t key = 0; key < KEYS; key++) {
            compare_bound(conf, key);
            for (uint32_t edge = key % TENANTS; edge < EDGES; edge += TENANTS)
                compare_cell(conf, policy, edge, key, loaded[key]);
        }
        for (uint32_t edge = 0; edge < EDGES; edge++)
            compare_open(conf, policy, edge);
        lk_policy_free(policy);
        lk_keystore_free(keys);
        lk_conf_free(conf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_agrees_with_the_rules_read_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
