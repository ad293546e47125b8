#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>

/* The second is the shared data beside a checkout, the third the same for a linked worktree. */
static const char *const roots[] = {"tests/vectors", "../shared/vectors", "../../shared/vectors"};

__attribute__((noreturn)) static void broken(const char *what, const char *where)
{
    fprintf(stderr, "vectors: %s: %s\n", where, what);
    abort();
}

bool lk_vectors_open(struct lk_vectors *v, const char *name)
{
    *v = (struct lk_vectors){0};
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", roots[i], name);
        FILE *file = fopen(path, "r");
        if (file == NULL) continue;
        json_error_t error;
        v->root = json_loadf(file, 0, &error);
        fclose(file);
        if (v->root == NULL) broken(error.text, path);
        return true;
    }
    return false;
}

void lk_vectors_close(struct lk_vectors *v)
{
    for (size_t i = 0; i < v->owned_count; i++)
        free(v->owned[i]);
    free(v->owned);
    json_decref(v->root);
    *v = (struct lk_vectors){0};
}

const json_t *lk_vectors_rows(const struct lk_vectors *v, const char *key)
{
    const json_t *rows = json_object_get(v->root, key);
    if (!json_is_array(rows) || json_array_size(rows) == 0) broken("no rows", key);
    return rows;
}

const char *lk_vectors_text(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text != NULL ? text : "";
}

/* An empty view still points at an allocation: reading its first byte is then seen. */
static uint8_t *own(struct lk_vectors *v, size_t len)
{
    v->owned = realloc(v->owned, (v->owned_count + 1) * sizeof *v->owned);
    uint8_t *memory = malloc(len);
    if (v->owned == NULL || (memory == NULL && len > 0)) broken("out of memory", "allocation");
    v->owned[v->owned_count++] = memory;
    return memory;
}

static uint8_t nibble(char c, const char *field)
{
    if (c >= '0' && c <= '9') return (uint8_t)(c - '0');
    if (c >= 'a' && c <= 'f') return (uint8_t)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return (uint8_t)(c - 'A' + 10);
    broken("not a hex digit", field);
}

struct lk_bytes lk_vectors_hex(struct lk_vectors *v, const json_t *row, const char *field)
{
    const json_t *value = json_object_get(row, field);
    if (!json_is_string(value)) broken("no such hex field", field);
    const char *hex = json_string_value(value);
    size_t digits = strlen(hex);
    if (digits % 2 != 0) broken("an odd number of hex digits", field);
    uint8_t *bytes = own(v, digits / 2);
    for (size_t i = 0; i < digits / 2; i++)
        bytes[i] = (uint8_t)(nibble(hex[2 * i], field) << 4 | nibble(hex[2 * i + 1], field));
    return lk_bytes_of(bytes, digits / 2);
}

struct lk_bytes lk_vectors_copy(struct lk_vectors *v, struct lk_bytes bytes)
{
    uint8_t *copy = own(v, bytes.len);
    if (bytes.len > 0) memcpy(copy, bytes.data, bytes.len);
    return lk_bytes_of(copy, bytes.len);
}
