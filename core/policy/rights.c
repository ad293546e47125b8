#include "core/policy/rights.h"

#include "core/policy/policy.h"

/* Which rules apply to which edges: rules for every edge of a tenant are kept apart from named
 * ones, so that their product is never written out. */
struct plan {
    const struct lk_conf *conf;
    uint32_t *first; /* [edge_count + 2]: edge e is named by rule[first[e]] to rule[first[e + 1]] */
    uint32_t *rule;
    uint32_t *merged; /* the rules of the class in hand, ascending */
    uint32_t merged_count;
    uint64_t cells; /* of all classes */
};

struct pair {
    uint32_t key, rule;
};

#define ANY_USE (LK_USE_TLS12_RSA | LK_USE_TLS12_SIGN | LK_USE_TLS13_SIGN | LK_USE_TLS13_CLIENT)

lk_exchange_mask lk_rights_of_uses(uint32_t uses, uint32_t flags)
{
    static const struct {
        uint32_t uses;  /* one of them */
        uint32_t flags; /* all of them */
        enum lk_exchange_id exchange;
    } rows[] = {
        {LK_USE_TLS12_RSA, 0, LK_X_TLS12_RSA_MASTER},
        {LK_USE_TLS12_RSA, 0, LK_X_TLS12_RSA_MASTER_WITH_POH},
        {LK_USE_TLS12_RSA, 0, LK_X_TLS12_RSA_EXTENDED_MASTER},
        {LK_USE_TLS12_RSA, 0, LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH},
        {LK_USE_TLS12_RSA, LK_FLAG_PREMASTER, LK_X_SPLIT_RSA_PREMASTER},
        {LK_USE_TLS12_SIGN, 0, LK_X_TLS12_ECDHE},
        {LK_USE_TLS12_SIGN, 0, LK_X_SPLIT_SIGN_SKE},
        {LK_USE_TLS13_SIGN | LK_USE_TLS13_CLIENT, 0, LK_X_SPLIT_SIGN_CERT_VERIFY},
        {LK_USE_TLS13_SIGN, 0, LK_X_TLS13_S_INIT_CERT_VERIFY},
        {ANY_USE, LK_FLAG_REQUEST, LK_X_SPLIT_SIGN_CERT_REQUEST},
    };
    lk_exchange_mask mask = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((uses & rows[i].uses) != 0 && (flags & rows[i].flags) == rows[i].flags)
            mask |= LK_EXCHANGE_BIT(rows[i].exchange);
    return mask;
}

/* --- rights --------------------------------------------------------------------------------- */

static struct lk_rights no_rights(void)
{
    struct lk_rights none;
    memset(&none, 0, sizeof none); /* padding too: equal rights are found by their bytes */
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        none.rule[x] = UINT32_MAX;
    return none;
}

static void grant(struct lk_rights *rights, const struct lk_conf_rule *rule, uint32_t index)
{
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++) {
        if ((rule->exchanges & LK_EXCHANGE_BIT(x)) == 0) continue;
        rights->hashes[x] |= rule->hashes;
        if (index < rights->rule[x]) rights->rule[x] = index;
    }
    rights->exchanges |= rule->exchanges;
    if ((rule->exchanges & LK_EXCHANGE_BIT(LK_X_TLS12_ECDHE)) != 0 && !rule->require_poo)
        rights->poo_optional = true;
    if ((rule->exchanges & LK_EXCHANGE_BIT(LK_X_TLS13_S_INIT_CERT_VERIFY)) != 0) {
        rights->methods |= (uint8_t)rule->methods;
        rights->secrets |= (uint8_t)rule->secrets;
    }
}

static uint32_t *rights_cell(const struct lk_rights_table *t, const struct lk_rights *rights)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof *rights; i++)
        hash = (hash ^ ((const uint8_t *)rights)[i]) * UINT64_C(1099511628211);
    uint32_t at = (uint32_t)(hash ^ hash >> 32) & (t->cell_count - 1);
    while (t->cell[at] != 0 && memcmp(&t->rights[t->cell[at] - 1], rights, sizeof *rights) != 0)
        at = (at + 1) & (t->cell_count - 1);
    return &t->cell[at];
}

static lk_err grow_rights(struct lk_rights_table *t)
{
    uint32_t room = t->room == 0 ? 64 : t->room * 2;
    struct lk_rights *rights = realloc(t->rights, room * sizeof *rights);
    LK_REQUIRE(rights != NULL, LK_ERR_MEMORY);
    t->rights = rights;
    uint32_t *cell = calloc((size_t)room * 2, sizeof *cell);
    LK_REQUIRE(cell != NULL, LK_ERR_MEMORY);
    free(t->cell);
    t->cell = cell;
    t->cell_count = room * 2;
    t->room = room;
    for (uint32_t i = 0; i < t->count; i++)
        *rights_cell(t, &t->rights[i]) = i + 1;
    return LK_OK;
}

/* Index of equal rights, entered if they are new. */
static lk_err keep(struct lk_rights_table *t, const struct lk_rights *rights, uint32_t *index)
{
    if (t->count == t->room) LK_TRY(grow_rights(t));
    uint32_t *cell = rights_cell(t, rights);
    if (*cell == 0) {
        t->rights[t->count] = *rights;
        *cell = ++t->count;
    }
    *index = *cell - 1;
    return LK_OK;
}

/* --- classes -------------------------------------------------------------------------------- */

static lk_err plan_init(struct plan *plan, const struct lk_conf *conf)
{
    uint32_t total = 0;
    for (uint32_t r = 0; r < conf->rule_count; r++)
        total += conf->rules[r].edge_count;
    *plan = (struct plan){.conf = conf,
                          .first = calloc((size_t)conf->edge_count + 2, sizeof *plan->first),
                          .rule = calloc((size_t)total + 1, sizeof *plan->rule),
                          .merged = calloc((size_t)conf->rule_count + 1, sizeof *plan->merged)};
    LK_REQUIRE(plan->first != NULL && plan->rule != NULL && plan->merged != NULL, LK_ERR_MEMORY);
    uint32_t *next = plan->first + 1; /* counts first, then the place behind the last entry */
    for (uint32_t r = 0; r < conf->rule_count; r++)
        for (uint32_t i = 0; i < conf->rules[r].edge_count; i++)
            next[conf->rules[r].edges[i] + 1]++;
    for (uint32_t e = 0; e < conf->edge_count; e++)
        next[e + 1] += next[e];
    for (uint32_t r = 0; r < conf->rule_count; r++)
        for (uint32_t i = 0; i < conf->rules[r].edge_count; i++)
            plan->rule[next[conf->rules[r].edges[i]]++] = r;
    return LK_OK;
}

static void plan_fini(struct plan *plan)
{
    free(plan->first);
    free(plan->rule);
    free(plan->merged);
}

static bool same_class(const struct plan *plan, uint32_t a, uint32_t b)
{
    uint32_t len = plan->first[a + 1] - plan->first[a];
    const struct lk_conf_edge *edges = plan->conf->edges;
    return edges[a].tenant == edges[b].tenant && edges[a].flags == edges[b].flags &&
           plan->first[b + 1] - plan->first[b] == len &&
           memcmp(plan->rule + plan->first[a], plan->rule + plan->first[b],
                  len * sizeof *plan->rule) == 0;
}

/* The rules of an edge: its own and those for every edge of its tenant. */
static void merge_rules(struct plan *plan, uint32_t edge)
{
    const struct lk_conf *conf = plan->conf;
    uint32_t own = plan->first[edge];
    plan->merged_count = 0;
    for (uint32_t r = 0; r < conf->rule_count; r++) {
        bool named = own < plan->first[edge + 1] && plan->rule[own] == r;
        if (named) own++;
        if (named ||
            (conf->rules[r].edges == NULL && conf->rules[r].tenant == conf->edges[edge].tenant))
            plan->merged[plan->merged_count++] = r;
    }
}

static int compare_pair(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static lk_err fill_cells(const struct plan *plan, struct lk_rights_table *t,
                         struct lk_rights_class *class, const struct pair *pair, uint64_t pairs,
                         const struct lk_rights *base)
{
    for (uint64_t i = 0; i < pairs;) {
        struct lk_rights rights = *base;
        uint32_t key = pair[i].key;
        for (; i < pairs && pair[i].key == key; i++)
            grant(&rights, &plan->conf->rules[pair[i].rule], pair[i].rule);
        class->key[class->count] = key;
        LK_TRY(keep(t, &rights, &class->rights[class->count]));
        class->count++;
    }
    return LK_OK;
}

/* The named keys of the merged rules, sorted; their number is known. */
static struct pair *list_pairs(const struct plan *plan, uint64_t pairs)
{
    struct pair *pair = malloc((pairs + 1) * sizeof *pair);
    uint64_t n = 0;
    for (uint32_t m = 0; pair != NULL && m < plan->merged_count; m++) {
        const struct lk_conf_rule *rule = &plan->conf->rules[plan->merged[m]];
        for (uint32_t i = 0; i < rule->key_count; i++)
            pair[n++] = (struct pair){.key = rule->keys[i], .rule = plan->merged[m]};
    }
    if (pair != NULL) qsort(pair, n, sizeof *pair, compare_pair);
    return pair;
}

static lk_err build_class(struct plan *plan, struct lk_rights_table *t, uint32_t edge)
{
    struct lk_rights_class *class = &t->class[t->class_count++];
    struct lk_rights base = no_rights();
    uint64_t pairs = 0;
    merge_rules(plan, edge);
    for (uint32_t m = 0; m < plan->merged_count; m++) {
        const struct lk_conf_rule *rule = &plan->conf->rules[plan->merged[m]];
        if (rule->keys == NULL) grant(&base, rule, plan->merged[m]);
        pairs += rule->key_count;
    }
    plan->cells += pairs;
    LK_REQUIRE(plan->cells <= LK_RIGHTS_CELLS_MAX, LK_ERR_FULL);
    class->tenant = plan->conf->edges[edge].tenant;
    class->flags = plan->conf->edges[edge].flags;
    class->key = calloc(pairs + 1, sizeof *class->key);
    class->rights = calloc(pairs + 1, sizeof *class->rights);
    LK_REQUIRE(class->key != NULL && class->rights != NULL, LK_ERR_MEMORY);
    LK_TRY(keep(t, &base, &class->base));
    struct pair *pair = list_pairs(plan, pairs);
    LK_REQUIRE(pair != NULL, LK_ERR_MEMORY);
    lk_err err = fill_cells(plan, t, class, pair, pairs, &base);
    free(pair);
    return err;
}

static uint32_t class_hash(const struct plan *plan, uint32_t edge)
{
    const struct lk_conf_edge *row = &plan->conf->edges[edge];
    uint64_t hash = row->tenant + ((uint64_t)row->flags << 32);
    for (uint32_t i = plan->first[edge]; i < plan->first[edge + 1]; i++)
        hash = (hash ^ plan->rule[i]) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 29);
    return (uint32_t)(hash ^ hash >> 32);
}

/* seen: open addressing over one edge of each class, plus 1. */
static lk_err place_edge(struct plan *plan, struct lk_rights_table *t, uint32_t edge,
                         uint32_t *seen, uint32_t mask)
{
    uint32_t at = class_hash(plan, edge) & mask;
    while (seen[at] != 0 && !same_class(plan, seen[at] - 1, edge))
        at = (at + 1) & mask;
    if (seen[at] == 0) {
        LK_TRY(build_class(plan, t, edge));
        seen[at] = edge + 1;
        t->class_of_edge[edge] = t->class_count - 1;
    } else {
        t->class_of_edge[edge] = t->class_of_edge[seen[at] - 1];
    }
    return LK_OK;
}

lk_err lk_rights_build(const struct lk_conf *conf, struct lk_rights_table *table)
{
    struct plan plan;
    uint32_t *seen = calloc(2 * LK_EDGES_MAX, sizeof *seen);
    *table = (struct lk_rights_table){
        .class = calloc((size_t)conf->edge_count + 1, sizeof *table->class),
        .class_of_edge = calloc((size_t)conf->edge_count + 1, sizeof *table->class_of_edge)};
    lk_err err = plan_init(&plan, conf);
    if (seen == NULL || table->class == NULL || table->class_of_edge == NULL) err = LK_ERR_MEMORY;
    for (uint32_t edge = 0; err == LK_OK && edge < conf->edge_count; edge++)
        err = place_edge(&plan, table, edge, seen, 2 * LK_EDGES_MAX - 1);
    plan_fini(&plan);
    free(seen);
    return err;
}

void lk_rights_fini(struct lk_rights_table *table)
{
    for (uint32_t i = 0; i < table->class_count; i++) {
        free(table->class[i].key);
        free(table->class[i].rights);
    }
    free(table->class);
    free(table->class_of_edge);
    free(table->rights);
    free(table->cell);
}

const struct lk_rights *lk_rights_find(const struct lk_rights_table *table,
                                       const struct lk_rights_class *class, uint32_t key_index)
{
    uint32_t at = 0;
    for (uint32_t left = class->count; left > 1;
         left -= left / 2) /* no early end: same steps for all */
        at += class->key[at + left / 2] <= key_index ? left / 2 : 0;
    bool named = class->count > 0 && class->key[at] == key_index;
    return &table->rights[named ? class->rights[at] : class->base];
}

/* Those that some edge of the tenant carries too. */
static uint32_t shared_flags(const struct lk_conf *conf, const struct lk_conf_key *key)
{
    uint32_t flags = 0;
    for (uint32_t e = 0; e < conf->edge_count && flags != key->flags; e++)
        if (conf->edges[e].tenant == key->tenant) flags |= conf->edges[e].flags & key->flags;
    return flags;
}

struct lk_key_rights lk_policy_key_rights(const struct lk_conf *conf, uint32_t key_index)
{
    const struct lk_conf_key *key = &conf->keys[key_index];
    struct lk_rights rights = no_rights();
    struct lk_key_rights out = {.exchanges = 0};
    LK_ASSERT(key_index < conf->key_count);
    for (uint32_t r = 0; r < conf->rule_count; r++) {
        const struct lk_conf_rule *rule = &conf->rules[r];
        if (rule->tenant != key->tenant) continue;
        if (rule->keys == NULL || lk_conf_rule_names_key(rule, key_index)) grant(&rights, rule, r);
    }
    out.uses = key->uses;
    out.flags = shared_flags(conf, key);
    out.exchanges = rights.exchanges & lk_rights_of_uses(key->uses, out.flags);
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        if ((out.exchanges & LK_EXCHANGE_BIT(x)) != 0) out.hashes |= rights.hashes[x];
    out.poo_optional =
        (out.exchanges & LK_EXCHANGE_BIT(LK_X_TLS12_ECDHE)) != 0 && rights.poo_optional;
    out.methods = rights.methods;
    out.secrets = rights.secrets;
    out.dhe_bytes_max = (uint16_t)(conf->dhe_bits_max / 8);
    return out;
}
