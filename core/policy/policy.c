#include "core/policy/policy.h"

#include "core/policy/capabilities.h"
#include "core/policy/edge.h"
#include "core/policy/rights.h"

struct lk_policy {
    const struct lk_conf *conf;
    const struct lk_keystore *keys;
    struct lk_rights_table rights;
    struct lk_capabilities *capabilities; /* of each class */
    struct lk_edge *edge;                 /* of each row of edges */
};

/* The form that is shown: what is configured, or the first smaller one that fits a message. Without
 * any key the payload always fits. */
static struct lk_bytes form_from(const struct lk_bytes form[LK_FORM_COUNT], unsigned wanted)
{
    while (wanted < LK_FORM_NONE && form[wanted].len == 0)
        wanted++;
    return form[wanted];
}

struct lk_bytes lk_edge_capabilities(const struct lk_edge *edge, enum lk_extension extension,
                                     size_t message_bytes_max)
{
    const struct lk_bytes *form = edge->capabilities[extension];
    for (size_t i = 0; i < LK_FORM_NONE; i++)
        if (LK_HEADER_BYTES + form[i].len <= message_bytes_max) return form[i];
    return form[LK_FORM_NONE];
}

struct lk_bytes lk_edge_state(const struct lk_edge *edge, enum lk_extension extension,
                              size_t message_bytes_max)
{
    static const uint8_t none[LK_STATE_BYTES];
    struct lk_bytes payload = lk_edge_capabilities(edge, extension, message_bytes_max);
    if (payload.len < LK_STATE_BYTES) return lk_bytes_of(none, sizeof none);
    return lk_bytes_of(payload.data + payload.len - LK_STATE_BYTES, LK_STATE_BYTES);
}

static void fill_edge(const struct lk_policy *policy, uint32_t index)
{
    const struct lk_capabilities *capabilities =
        &policy->capabilities[policy->rights.class_of_edge[index]];
    uint32_t wanted = policy->conf->capabilities_certificates;
    struct lk_edge *edge = &policy->edge[index];
    *edge = (struct lk_edge){.index = index,
                             .tenant = policy->conf->edges[index].tenant,
                             .name = policy->conf->edges[index].name,
                             .exchanges = capabilities->exchanges};
    for (unsigned x = 0; x < LK_EXTENSION_COUNT; x++)
        for (unsigned form = 0; form < LK_FORM_COUNT; form++)
            edge->capabilities[x][form] =
                form_from(capabilities->payload[x], wanted > form ? wanted : form);
}

static lk_err fill(struct lk_policy *policy)
{
    struct lk_key_order *order = NULL;
    LK_TRY(lk_rights_build(policy->conf, &policy->rights));
    policy->capabilities =
        calloc((size_t)policy->rights.class_count + 1, sizeof *policy->capabilities);
    policy->edge = calloc((size_t)policy->conf->edge_count + 1, sizeof *policy->edge);
    LK_REQUIRE(policy->capabilities != NULL && policy->edge != NULL, LK_ERR_MEMORY);
    LK_TRY(lk_key_order_new(policy->keys, &order));
    lk_err err = LK_OK;
    for (uint32_t i = 0; err == LK_OK && i < policy->rights.class_count; i++)
        err = lk_capabilities_build(policy->conf, &policy->rights, &policy->rights.class[i], order,
                                    &policy->capabilities[i]);
    lk_key_order_free(order);
    for (uint32_t i = 0; err == LK_OK && i < policy->conf->edge_count; i++)
        fill_edge(policy, i);
    return err;
}

lk_err lk_policy_new(const struct lk_conf *conf, const struct lk_keystore *keys,
                     struct lk_policy **out)
{
    struct lk_policy *policy = calloc(1, sizeof *policy);
    LK_REQUIRE(policy != NULL, LK_ERR_MEMORY);
    policy->conf = conf;
    policy->keys = keys;
    lk_err err = fill(policy);
    if (err != LK_OK) {
        lk_policy_free(policy);
        return err;
    }
    *out = policy;
    return LK_OK;
}

void lk_policy_free(struct lk_policy *policy)
{
    if (policy == NULL) return;
    for (uint32_t i = 0; policy->capabilities != NULL && i < policy->rights.class_count; i++)
        lk_capabilities_fini(&policy->capabilities[i]);
    lk_rights_fini(&policy->rights);
    free(policy->capabilities);
    free(policy->edge);
    free(policy);
}

const struct lk_edge *lk_policy_edge(const struct lk_policy *policy, const char *identity)
{
    for (uint32_t i = 0; i < policy->conf->edge_count; i++)
        if (lk_edge_match(policy->conf->edges[i].match, identity)) return &policy->edge[i];
    return NULL;
}

/* found NULL: nobody's, judged as nobody's key would be. */
static struct lk_grant grant_of(const struct lk_policy *policy, const struct lk_edge *edge,
                                const struct lk_key_public *found, enum lk_exchange_id exchange)
{
    static const struct lk_key_public nobody = {.index = UINT32_MAX, .uses = 0};
    const struct lk_key_public *key = found != NULL ? found : &nobody;
    const struct lk_rights_class *class =
        &policy->rights.class[policy->rights.class_of_edge[edge->index]];
    const struct lk_rights *rights = lk_rights_find(&policy->rights, class, key->index);
    uint32_t flags = key->flags & class->flags;
    lk_exchange_mask may = rights->exchanges & lk_rights_of_uses(key->uses, flags);
    LK_ASSERT(exchange < LK_EXCHANGE_COUNT);
    if ((may & LK_EXCHANGE_BIT(exchange)) == 0) return (struct lk_grant){.rule = UINT32_MAX};
    return (struct lk_grant){.key = key,
                             .rule = rights->rule[exchange],
                             .hashes = rights->hashes[exchange] & ~key->barred_hashes,
                             .poo_optional = rights->poo_optional,
                             .flags = flags,
                             .methods = rights->methods,
                             .secrets = rights->secrets};
}

struct lk_grant lk_policy_key(const struct lk_policy *policy, const struct lk_edge *edge,
                              const uint8_t id[LK_KEY_ID_BYTES], enum lk_exchange_id exchange)
{
    return grant_of(policy, edge, lk_keystore_find(policy->keys, edge->tenant, id), exchange);
}

struct lk_grant lk_policy_certificate(const struct lk_policy *policy, const struct lk_edge *edge,
                                      const uint8_t fingerprint[LK_TLS13_FINGERPRINT_BYTES],
                                      enum lk_exchange_id exchange)
{
    return grant_of(policy, edge,
                    lk_keystore_find_certificate(policy->keys, edge->tenant, fingerprint),
                    exchange);
}
