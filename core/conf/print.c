#include "core/conf/schema.h"
#include "core/conf/value.h"

struct place {
    const struct lk_schema *schema;
    const void *conf;
};

static void print_refs(const struct place *at, const struct lk_conf_option *option,
                       const char *row, FILE *to)
{
    const uint32_t *index;
    uint32_t count;
    memcpy(&index, row + option->offset, sizeof index);
    memcpy(&count, row + option->count_offset, sizeof count);
    if (index == NULL) {
        fputs("all", to);
        return;
    }
    fputc('[', to);
    for (uint32_t i = 0; i < count; i++) /* the name is the first member of every row */
        fprintf(to, "%s\"%s\"", i == 0 ? "" : ", ",
                (char *)lk_schema_row(&at->schema->list[option->list], at->conf, index[i]));
    fputc(']', to);
}

static void print_value(const struct place *at, const struct lk_conf_option *option,
                        const char *row, FILE *to)
{
    if (option->type == LK_VALUE_REF) {
        uint32_t index;
        memcpy(&index, row + option->offset, sizeof index);
        fprintf(to, "\"%s\"",
                (char *)lk_schema_row(&at->schema->list[option->list], at->conf, index));
    } else if (option->type == LK_VALUE_REFS) {
        print_refs(at, option, row, to);
    } else {
        lk_value_print(option, row, to);
    }
}

static void print_list(const struct place *at, const struct lk_conf_list *list, FILE *to)
{
    uint32_t rows = lk_schema_row_count(list, at->conf);
    fprintf(to, "%s:%s\n", list->name, rows == 0 ? " []" : "");
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < list->option_count; j++) {
            fprintf(to, "%s%s: ", j == 0 ? "  - " : "    ", list->option[j].path);
            print_value(at, &list->option[j], lk_schema_row(list, at->conf, i), to);
            fputc('\n', to);
        }
    }
}

void lk_schema_print(const struct lk_schema *schema, const void *conf, FILE *to)
{
    const struct lk_conf_option *option = schema->option;
    const struct place at = {.schema = schema, .conf = conf};
    size_t open = 0; /* length of the open section's name */
    for (uint32_t i = 0; i < schema->option_count; i++) {
        size_t len = (size_t)(strchr(option[i].path, '.') - option[i].path);
        if (i == 0 || len != open || memcmp(option[i].path, option[i - 1].path, len) != 0)
            fprintf(to, "%.*s:\n", (int)len, option[i].path);
        open = len;
        fprintf(to, "  %s: ", option[i].path + len + 1);
        lk_value_print(&option[i], conf, to);
        fputc('\n', to);
    }
    for (uint32_t i = 0; i < schema->list_count; i++)
        print_list(&at, &schema->list[i], to);
}
