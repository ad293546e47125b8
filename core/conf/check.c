#include "core/conf/check.h"

#include "core/conf/names.h"

#define SIGN_USES (LK_USE_TLS12_SIGN | LK_USE_TLS13_SIGN | LK_USE_TLS13_CLIENT)

static const char *const transport_names[LK_TRANSPORT_COUNT] = {"tls", "dtls", "tcp", "udp"};

static bool on_udp(uint32_t transport)
{
    return transport == LK_TRANSPORT_DTLS || transport == LK_TRANSPORT_UDP;
}

static void check_listen(const struct lk_conf *conf, uint32_t i, struct lk_faults *faults)
{
    const struct lk_conf_listen *row = &conf->listens[i];
    bool plain = row->transport == LK_TRANSPORT_TCP || row->transport == LK_TRANSPORT_UDP;
    if (!lk_conf_transport_served(row->transport))
        lk_fault(faults, row->line,
                 "listen.transport: '%s' is not in this build; allowed: tls, dtls",
                 transport_names[row->transport]);
    else if (plain && !lk_conf_loopback(row->address))
        lk_fault(faults, row->line,
                 "listen.address: '%s' is open to others and %s is not protected; "
                 "allowed: a loopback address",
                 row->address, transport_names[row->transport]);
    if (row->dual_stack && strcmp(row->address, "::") != 0)
        lk_fault(faults, row->line,
                 "listen.dual_stack: '%s' has one stack only; allowed: true with the "
                 "address :: only",
                 row->address);
    for (uint32_t j = 0; j < i; j++) {
        const struct lk_conf_listen *other = &conf->listens[j];
        if (other->port == row->port && on_udp(other->transport) == on_udp(row->transport) &&
            strcmp(other->address, row->address) == 0)
            lk_fault(faults, row->line,
                     "listen: address and port are those of line %u; allowed: each once",
                     other->line);
    }
}

static void check_key(const struct lk_conf_key *key, struct lk_faults *faults)
{
    if ((key->uses & LK_USE_TLS12_RSA) != 0 && (key->uses & SIGN_USES) != 0 && !key->force_dual_use)
        lk_fault(faults, key->line,
                 "keys.uses: '%s' would both decrypt and sign; allowed: one of the two, "
                 "or force_dual_use: true",
                 key->name);
    if ((key->flags & LK_FLAG_REQUEST) != 0 && key->chain[0] == 0)
        lk_fault(
            faults, key->line,
            "keys.flags: '%s' has the flag request and no chain, whose names bound what may be "
            "requested; allowed: request with a chain",
            key->name);
}

/* A second row with the same pattern could never match. */
static void check_edges(const struct lk_conf *conf, struct lk_faults *faults)
{
    struct lk_names seen;
    if (!lk_names_init(&seen, conf->edge_count)) return;
    for (uint32_t i = 0; i < conf->edge_count; i++) {
        uint32_t other = i;
        if (lk_names_add(&seen, conf->edges[i].match, &other)) continue;
        lk_fault(faults, conf->edges[i].line,
                 "edges.match: '%s' is matched by line %u already; "
                 "allowed: each pattern once",
                 conf->edges[i].match, conf->edges[other].line);
    }
    lk_names_fini(&seen);
}

static void fault_tenant(const struct lk_conf *conf, const struct lk_conf_rule *rule,
                         const char *option, const char *name, struct lk_faults *faults)
{
    lk_fault(faults, rule->line,
             "rules.%s: '%s' of rule '%s' is another tenant's; allowed: names of "
             "tenant '%s'",
             option, name, rule->name, conf->tenants[rule->tenant].name);
}

static void check_rule(const struct lk_conf *conf, const struct lk_conf_rule *rule,
                       struct lk_faults *faults)
{
    for (uint32_t i = 0; i < rule->edge_count; i++) {
        const struct lk_conf_edge *edge = &conf->edges[rule->edges[i]];
        if (edge->tenant != rule->tenant) fault_tenant(conf, rule, "edges", edge->name, faults);
    }
    for (uint32_t i = 0; i < rule->key_count; i++) {
        const struct lk_conf_key *key = &conf->keys[rule->keys[i]];
        if (key->tenant != rule->tenant) fault_tenant(conf, rule, "keys", key->name, faults);
    }
}

void lk_conf_check(const struct lk_conf *conf, struct lk_faults *faults)
{
    for (uint32_t i = 0; i < conf->listen_count; i++)
        check_listen(conf, i, faults);
    for (uint32_t i = 0; i < conf->key_count; i++)
        check_key(&conf->keys[i], faults);
    check_edges(conf, faults);
    for (uint32_t i = 0; i < conf->rule_count; i++)
        check_rule(conf, &conf->rules[i], faults);
}

const char *lk_conf_key_uses_fault(const struct lk_conf_key *key, enum lk_key_kind kind)
{
    bool decrypts = (key->uses & LK_USE_TLS12_RSA) != 0;
    if (decrypts && kind != LK_KEY_RSA) return "is no RSA key, so it cannot be used for tls12-rsa";
    if (decrypts && (key->uses & SIGN_USES) != 0 && !key->force_dual_use)
        return "would both decrypt and sign without force_dual_use";
    if (key->uses == 0) return "has no use";
    return NULL;
}
