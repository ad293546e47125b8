#include "core/conf/schema.h"

struct differences {
    char *text;
    size_t size, len;
    bool any;
};

static void add(struct differences *d, const char *name)
{
    size_t len = strlen(name);
    const char *comma = d->any ? ", " : "";
    d->any = true;
    if (d->len + strlen(comma) + len + 1 > d->size) return;
    d->len += (size_t)snprintf(d->text + d->len, d->size - d->len, "%s%s", comma, name);
}

static bool option_equal(const struct lk_conf_option *option, const void *a, const void *b)
{
    if (option->count_offset != 0 &&
        memcmp((const char *)a + option->count_offset, (const char *)b + option->count_offset,
               sizeof(uint32_t)) != 0)
        return false;
    return memcmp((const char *)a + option->offset, (const char *)b + option->offset,
                  option->size) == 0;
}

/* Rows of a list that is not reloadable hold no references. */
static bool list_equal(const struct lk_conf_list *list, const void *a, const void *b)
{
    uint32_t rows = lk_schema_row_count(list, a);
    if (rows != lk_schema_row_count(list, b)) return false;
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t j = 0; j < list->option_count; j++)
            if (!option_equal(&list->option[j], lk_schema_row(list, a, i),
                              lk_schema_row(list, b, i)))
                return false;
    return true;
}

bool lk_schema_reloadable(const struct lk_schema *schema, const void *running, const void *next,
                          char *text, size_t text_bytes)
{
    struct differences d = {.text = text, .size = text_bytes};
    if (text_bytes > 0) text[0] = '\0';
    for (uint32_t i = 0; i < schema->option_count; i++)
        if (!schema->option[i].reloadable && !option_equal(&schema->option[i], running, next))
            add(&d, schema->option[i].path);
    for (uint32_t i = 0; i < schema->list_count; i++)
        if (!schema->list[i].reloadable && !list_equal(&schema->list[i], running, next))
            add(&d, schema->list[i].name);
    return !d.any;
}
