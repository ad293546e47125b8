#include "core/conf/read.h"

#include "core/conf/doc.h"
#include "core/conf/names.h"
#include "core/conf/value.h"

struct parse {
    struct lk_doc doc;
    struct lk_faults faults;
    const struct lk_schema *schema;
    void *conf;
    struct lk_names names[LK_SCHEMA_LISTS_MAX];
    uint32_t list_node[LK_SCHEMA_LISTS_MAX]; /* 0: absent */
    lk_err err;                        /* LK_ERR_MEMORY */
};

/* A table of options being filled: a section of the scalar ones, or a list's. */
struct table {
    const struct lk_conf_option *option;
    uint32_t count;
    const char *prefix; /* "keys", "server" */
    size_t skip;        /* of each path: the section and its point */
    void *base;
    uint64_t seen; /* bit per option */
};

/* --- one option ----------------------------------------------------------------------------- */

static void fault_value(struct parse *p, uint32_t line, const struct table *t,
                        const struct lk_conf_option *option, const char *why)
{
    char allowed[400];
    lk_value_allowed(p->schema, option, allowed, sizeof allowed);
    lk_fault(&p->faults, line, "%s.%s: %s; allowed: %s", t->prefix, option->path + t->skip, why,
             allowed);
}

/* The place of the row a scalar names; UINT32_MAX and a fault when there is none. */
static uint32_t find_ref(struct parse *p, uint32_t node, const struct table *t,
                         const struct lk_conf_option *option)
{
    const struct lk_doc_node *at = &p->doc.node[node];
    const char *text = at->kind == LK_DOC_SCALAR ? lk_doc_text(&p->doc, node) : "";
    uint32_t index = lk_names_find(&p->names[option->list], text);
    if (index != UINT32_MAX) return index;
    char why[LK_VALUE_WHY_BYTES];
    (void)snprintf(why, sizeof why, "'%.100s' is none of the %s", text,
                   p->schema->list[option->list].name);
    fault_value(p, at->line, t, option, why);
    return UINT32_MAX;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void read_refs(struct parse *p, uint32_t node, const struct table *t,
                      const struct lk_conf_option *option)
{
    const struct lk_doc_node *at = &p->doc.node[node];
    if (at->kind == LK_DOC_SCALAR && strcmp(lk_doc_text(&p->doc, node), "all") == 0) return;
    if (at->kind != LK_DOC_LIST || at->count == 0) {
        fault_value(p, at->line, t, option, "is neither a list in brackets nor all");
        return;
    }
    uint32_t *index = calloc(at->count, sizeof *index);
    uint32_t count = 0;
    if (index == NULL) {
        p->err = LK_ERR_MEMORY;
        return;
    }
    for (uint32_t item = at->first; item != 0; item = p->doc.node[item].next) {
        uint32_t found = find_ref(p, item, t, option);
        if (found != UINT32_MAX) index[count++] = found;
    }
    qsort(index, count, sizeof *index, compare_u32);
    for (uint32_t i = 1; i < count; i++)
        if (index[i] == index[i - 1]) {
            fault_value(p, at->line, t, option, "names one twice");
            break;
        }
    memcpy((char *)t->base + option->offset, &index, sizeof index);
    memcpy((char *)t->base + option->count_offset, &count, sizeof count);
}

static void read_option(struct parse *p, uint32_t node, const struct table *t,
                        const struct lk_conf_option *option)
{
    const struct lk_doc_node *at = &p->doc.node[node];
    char why[LK_VALUE_WHY_BYTES];
    bool good = true;
    if (option->type == LK_VALUE_REFS) {
        read_refs(p, node, t, option);
    } else if (option->type == LK_VALUE_REF) {
        uint32_t index = find_ref(p, node, t, option);
        memcpy((char *)t->base + option->offset, &index, sizeof index);
    } else if (at->kind == LK_DOC_LIST && option->type == LK_VALUE_WORDS) {
        good = lk_value_read_words(option, &p->doc, node, t->base, why);
    } else if (at->kind == LK_DOC_SCALAR) {
        good = lk_value_read(option, lk_doc_text(&p->doc, node), t->base, why);
    } else {
        good = false;
        (void)snprintf(why, sizeof why, "is a %s, not a value",
                       at->kind == LK_DOC_MAP ? "map" : "list");
    }
    if (!good) fault_value(p, at->line, t, option, why);
}

/* --- a table -------------------------------------------------------------------------------- */

static void set_defaults(const struct lk_conf_option *option, uint32_t count, void *base)
{
    char why[LK_VALUE_WHY_BYTES];
    for (uint32_t i = 0; i < count; i++)
        if (option[i].fallback != NULL)
            LK_ASSERT(lk_value_read(&option[i], option[i].fallback, base, why));
}

static void fault_unknown(struct parse *p, uint32_t key, const struct table *t)
{
    const char *text = lk_doc_text(&p->doc, key);
    const char *near = NULL;
    unsigned best = 3;
    for (uint32_t i = 0; i < t->count; i++) {
        unsigned distance = lk_value_distance(text, t->option[i].path + t->skip, best);
        if (distance > best || (near != NULL && distance == best)) continue;
        best = distance;
        near = t->option[i].path + t->skip;
    }
    lk_fault(&p->faults, p->doc.node[key].line,
             "%s.%.64s: no such option%s%s%s; allowed: see %s", t->prefix, text,
             near != NULL ? ", did you mean '" : "", near != NULL ? near : "",
             near != NULL ? "'?" : "", p->schema->manual);
}

static void read_table(struct parse *p, uint32_t map, struct table *t)
{
    for (uint32_t key = p->doc.node[map].first; key != 0;) {
        uint32_t value = p->doc.node[key].next;
        const char *text = lk_doc_text(&p->doc, key);
        uint32_t i = 0;
        while (i < t->count && strcmp(t->option[i].path + t->skip, text) != 0)
            i++;
        if (i == t->count) {
            fault_unknown(p, key, t);
        } else if ((t->seen & UINT64_C(1) << i) == 0) {
            t->seen |= UINT64_C(1) << i;
            read_option(p, value, t, &t->option[i]);
        }
        key = p->doc.node[value].next;
    }
}

static void fault_missing(struct parse *p, uint32_t line, const struct table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->option[i].fallback == NULL && (t->seen & UINT64_C(1) << i) == 0)
            fault_value(p, line, t, &t->option[i], "is missing");
}

/* --- lists ---------------------------------------------------------------------------------- */

/* Enters a row's name; two rows of one name are a fault. */
static void enter_name(struct parse *p, uint32_t id, uint32_t index)
{
    const struct lk_conf_list *list = &p->schema->list[id];
    const char *row = lk_schema_row(list, p->conf, index);
    const struct lk_conf_option *first = &list->option[0];
    uint32_t place = index;
    if (strcmp(first->path, "name") != 0 || row[first->offset] == '\0') return;
    if (lk_names_add(&p->names[id], row + first->offset, &place)) return;
    uint32_t line;
    uint32_t other;
    memcpy(&line, row + list->line_offset, sizeof line);
    memcpy(&other, (const char *)lk_schema_row(list, p->conf, place) + list->line_offset,
           sizeof other);
    lk_fault(&p->faults, line, "%s.name: '%s' is also the name of line %u; allowed: unique names",
             list->name, row + first->offset, other);
}

static void read_row(struct parse *p, uint32_t id, uint32_t node, uint32_t index)
{
    const struct lk_conf_list *list = &p->schema->list[id];
    char *row = lk_schema_row(list, p->conf, index);
    uint32_t line = p->doc.node[node].line;
    struct table t = {.option = list->option, .count = list->option_count, .prefix = list->name,
                      .base = row};
    memcpy(row + list->line_offset, &line, sizeof line);
    set_defaults(list->option, list->option_count, row);
    if (p->doc.node[node].kind != LK_DOC_MAP) {
        lk_fault(&p->faults, line, "%s: a row that is no map; allowed: - %s: ...", list->name,
                 list->option[0].path);
        return;
    }
    read_table(p, node, &t);
    fault_missing(p, line, &t);
    enter_name(p, id, index);
}

static void read_list(struct parse *p, uint32_t id)
{
    const struct lk_conf_list *list = &p->schema->list[id];
    uint32_t node = p->list_node[id];
    const struct lk_doc_node *at = &p->doc.node[node];
    uint32_t line = node != 0 ? at->line : 1;
    bool empty = node == 0 || (at->kind == LK_DOC_SCALAR && lk_doc_text(&p->doc, node)[0] == '\0');
    if (!empty && at->kind != LK_DOC_LIST) {
        lk_fault(&p->faults, line, "%s: is no list; allowed: rows that begin with '- '",
                 list->name);
        return;
    }
    uint32_t count = empty ? 0 : at->count;
    if (count < list->min || count > list->max) {
        lk_fault(&p->faults, line, "%s: %u rows; allowed: %u to %u", list->name, count, list->min,
                 list->max);
        return;
    }
    void *rows = calloc(count > 0 ? count : 1, list->row_bytes);
    if (rows == NULL || !lk_names_init(&p->names[id], count)) {
        free(rows);
        p->err = LK_ERR_MEMORY;
        return;
    }
    memcpy((char *)p->conf + list->rows_offset, &rows, sizeof rows);
    memcpy((char *)p->conf + list->count_offset, &count, sizeof count);
    uint32_t index = 0;
    for (uint32_t item = count > 0 ? at->first : 0; item != 0; item = p->doc.node[item].next)
        read_row(p, id, item, index++);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* "server, channel, ..., rules": what may stand at the top. */
static void name_sections(const struct lk_schema *schema, char *text, size_t size)
{
    size_t len = 0;
    const char *name;
    for (unsigned i = 0; (name = lk_schema_top_name(schema, i)) != NULL && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s", i == 0 ? "" : ", ", name);
}

static bool take_list(struct parse *p, const char *name, uint32_t value)
{
    for (uint32_t id = 0; id < p->schema->list_count; id++) {
        if (strcmp(p->schema->list[id].name, name) != 0) continue;
        if (p->list_node[id] == 0) p->list_node[id] = value;
        return true;
    }
    return false;
}

/* The run of scalar options of one section. */
static bool find_section(const struct lk_schema *schema, const char *name, struct table *t)
{
    const struct lk_conf_option *option = schema->option;
    size_t len = strlen(name);
    for (uint32_t i = 0; i < schema->option_count; i++) {
        if (strncmp(option[i].path, name, len) != 0 || option[i].path[len] != '.') continue;
        if (t->count == 0)
            *t = (struct table){.option = &option[i], .prefix = name, .skip = len + 1};
        t->count++;
    }
    return t->count > 0;
}

static void read_section(struct parse *p, uint32_t key, uint32_t value, uint64_t *seen)
{
    const char *name = lk_doc_text(&p->doc, key);
    struct table t = {.count = 0};
    if (take_list(p, name, value)) return;
    if (!find_section(p->schema, name, &t)) {
        char allowed[256];
        name_sections(p->schema, allowed, sizeof allowed);
        lk_fault(&p->faults, p->doc.node[key].line, "%.64s: no such section; allowed: %s", name,
                 allowed);
        return;
    }
    t.base = p->conf;
    if (p->doc.node[value].kind == LK_DOC_MAP) {
        read_table(p, value, &t);
    } else if (p->doc.node[value].kind == LK_DOC_LIST || lk_doc_text(&p->doc, value)[0] != '\0') {
        lk_fault(&p->faults, p->doc.node[value].line, "%s: is no map; allowed: options below it",
                 name);
    }
    *seen |= t.seen << (t.option - p->schema->option);
}

static void read_root(struct parse *p)
{
    const uint32_t count = p->schema->option_count;
    const struct lk_conf_option *option = p->schema->option;
    const struct lk_doc_node *root = &p->doc.node[p->doc.root];
    uint64_t seen = 0;
    set_defaults(option, count, p->conf);
    if (p->doc.root == 0 || root->kind != LK_DOC_MAP) {
        char allowed[256];
        name_sections(p->schema, allowed, sizeof allowed);
        lk_fault(&p->faults, 1, "no configuration here; allowed: sections %s", allowed);
        return;
    }
    for (uint32_t key = root->first; key != 0;) {
        uint32_t value = p->doc.node[key].next;
        read_section(p, key, value, &seen);
        key = p->doc.node[value].next;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (option[i].fallback != NULL || (seen & UINT64_C(1) << i) != 0) continue;
        char allowed[400];
        lk_value_allowed(p->schema, &option[i], allowed, sizeof allowed);
        lk_fault(&p->faults, root->line, "%s: is missing; allowed: %s", option[i].path, allowed);
    }
    for (uint32_t id = 0; id < p->schema->list_count; id++)
        read_list(p, id);
}

lk_err lk_conf_read(const struct lk_schema *schema, const char *file, struct lk_bytes text,
                    lk_conf_check_fn check, void *conf, char *error, size_t error_bytes)
{
    struct parse p = {.schema = schema, .conf = conf};
    LK_ASSERT(schema->option_count <= 64 && schema->list_count <= LK_SCHEMA_LISTS_MAX);
    lk_faults_init(&p.faults, file, error, error_bytes);
    p.err = lk_doc_read(text, &p.faults, &p.doc);
    if (p.err == LK_OK && p.doc.whole) read_root(&p);
    if (p.err == LK_OK && p.faults.count == 0) check(conf, &p.faults);
    for (uint32_t id = 0; id < schema->list_count; id++)
        lk_names_fini(&p.names[id]);
    lk_doc_fini(&p.doc);
    lk_faults_close(&p.faults);
    return p.err != LK_OK ? p.err : p.faults.count > 0 ? LK_ERR_FORMAT : LK_OK;
}
