#include "core/conf/schema.h"
#include "core/conf/value.h"

static void print_refs(const struct lk_conf *conf, const struct lk_conf_option *option,
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
                (char *)lk_schema_row(conf, option->list, index[i]));
    fputc(']', to);
}

static void print_value(const struct lk_conf *conf, const struct lk_conf_option *option,
                        const char *row, FILE *to)
{
    if (option->type == LK_VALUE_REF) {
        uint32_t index;
        memcpy(&index, row + option->offset, sizeof index);
        fprintf(to, "\"%s\"", (char *)lk_schema_row(conf, option->list, index));
    } else if (option->type == LK_VALUE_REFS) {
        print_refs(conf, option, row, to);
    } else {
        lk_value_print(option, row, to);
    }
}

static void print_list(const struct lk_conf *conf, enum lk_conf_list_id id, FILE *to)
{
    const struct lk_conf_list *list = lk_schema_list(id);
    uint32_t rows = lk_schema_row_count(conf, id);
    fprintf(to, "%s:%s\n", list->name, rows == 0 ? " []" : "");
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < list->option_count; j++) {
            fprintf(to, "%s%s: ", j == 0 ? "  - " : "    ", list->option[j].path);
            print_value(conf, &list->option[j], lk_schema_row(conf, id, i), to);
            fputc('\n', to);
        }
    }
}

void lk_conf_print(const struct lk_conf *conf, FILE *to)
{
    uint32_t count;
    const struct lk_conf_option *option = lk_schema_options(&count);
    size_t open = 0; /* length of the open section's name */
    for (uint32_t i = 0; i < count; i++) {
        size_t len = (size_t)(strchr(option[i].path, '.') - option[i].path);
        if (i == 0 || len != open || memcmp(option[i].path, option[i - 1].path, len) != 0)
            fprintf(to, "%.*s:\n", (int)len, option[i].path);
        open = len;
        fprintf(to, "  %s: ", option[i].path + len + 1);
        lk_value_print(&option[i], conf, to);
        fputc('\n', to);
    }
    for (unsigned id = 0; id < LK_LIST_COUNT; id++)
        print_list(conf, id, to);
}
