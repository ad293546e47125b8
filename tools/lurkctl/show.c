#include "tools/lurkctl/show.h"

#include <string.h>


#define COLUMNS_MAX 24
#define CELL_BYTES 160

static void cell_text(const json_t *value, char text[CELL_BYTES]);

static void members_text(const json_t *object, char text[CELL_BYTES])
{
    size_t used = 0;
    const char *key;
    json_t *value;
    snprintf(text, CELL_BYTES, "-");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char one[CELL_BYTES] = "...";
        if (!json_is_object(value) && !json_is_array(value)) cell_text(value, one);
        if (used + 1 >= CELL_BYTES) return;
        int n = snprintf(text + used, CELL_BYTES - used, "%s%s=%s", used == 0 ? "" : " ", key, one);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* A value on one line: a list by its items, an object by its members. */
static void cell_text(const json_t *value, char text[CELL_BYTES])
{
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_STRING: snprintf(text, CELL_BYTES, "%s", json_string_value(value)); break;
    case JSON_INTEGER:
        snprintf(text, CELL_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL: snprintf(text, CELL_BYTES, "%.3f", json_real_value(value)); break;
    case JSON_TRUE: snprintf(text, CELL_BYTES, "yes"); break;
    case JSON_FALSE: snprintf(text, CELL_BYTES, "no"); break;
    case JSON_NULL: snprintf(text, CELL_BYTES, "-"); break;
    case JSON_ARRAY: {
        size_t used = 0;
        text[0] = 0;
        for (size_t i = 0; i < json_array_size(value) && used + 2 < CELL_BYTES; i++) {
            char one[CELL_BYTES] = "...";
            const json_t *item = json_array_get(value, i);
            if (!json_is_object(item) && !json_is_array(item)) cell_text(item, one);
            int n = snprintf(text + used, CELL_BYTES - used, "%s%s", i == 0 ? "" : " ", one);
            used += n > 0 ? (size_t)n : 0;
        }
        break;
    }
    case JSON_OBJECT: members_text(value, text); break;
    }
}

static void show_table(FILE *to, const json_t *rows)
{
    const char *name[COLUMNS_MAX];
    int width[COLUMNS_MAX], columns = 0;
    char text[CELL_BYTES];
    const char *key;
    json_t *value;
    json_object_foreach(json_array_get(rows, 0), key, value)
    {
        if (columns == COLUMNS_MAX) break;
        name[columns] = key;
        width[columns++] = (int)strlen(key);
    }
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (int c = 0; c < columns; c++) {
            cell_text(json_object_get(json_array_get(rows, i), name[c]), text);
            if ((int)strlen(text) > width[c]) width[c] = (int)strlen(text);
        }
    for (int c = 0; c < columns; c++)
        fprintf(to, "%-*s%s", width[c], name[c], c + 1 < columns ? "  " : "\n");
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (int c = 0; c < columns; c++) {
            cell_text(json_object_get(json_array_get(rows, i), name[c]), text);
            fprintf(to, "%-*s%s", width[c], text, c + 1 < columns ? "  " : "\n");
        }
}

static bool is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void show_object(FILE *to, const json_t *object, int indent)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (is_table(value)) {
            fprintf(to, "%*s%s\n", indent, "", key);
            show_table(to, value);
        } else if (json_is_object(value)) {
            fprintf(to, "%*s%s\n", indent, "", key);
            show_object(to, value, indent + 2);
        } else {
            char text[CELL_BYTES];
            cell_text(value, text);
            fprintf(to, "%*s%-*s  %s\n", indent, "", 28 - indent, key, text);
        }
    }
}

void lk_show(FILE *to, const json_t *value)
{
    char text[CELL_BYTES];
    if (is_table(value)) {
        show_table(to, value);
    } else if (json_is_object(value)) {
        show_object(to, value, 0);
    } else if (json_is_array(value) && json_array_size(value) == 0) {
        fprintf(to, "none\n");
    } else {
        cell_text(value, text);
        fprintf(to, "%s\n", text);
    }
}
