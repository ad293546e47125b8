#include "core/conf/names.h"

#include <stdlib.h>
#include <string.h>

bool lk_names_init(struct lk_names *names, uint32_t count)
{
    uint32_t size = 8;
    while (size < 2 * count)
        size *= 2;
    *names = (struct lk_names){.cell = calloc(size, sizeof *names->cell), .mask = size - 1};
    return names->cell != NULL;
}

void lk_names_fini(struct lk_names *names)
{
    free(names->cell);
    names->cell = NULL;
}

/* The cell of this name, or the free one where it belongs. */
static struct lk_names_cell *place(const struct lk_names *names, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
    uint32_t at = (uint32_t)(hash ^ hash >> 32) & names->mask;
    while (names->cell[at].name != NULL && strcmp(names->cell[at].name, name) != 0)
        at = (at + 1) & names->mask;
    return &names->cell[at];
}

bool lk_names_add(struct lk_names *names, const char *name, uint32_t *index)
{
    struct lk_names_cell *cell = place(names, name);
    if (cell->name != NULL) {
        *index = cell->index;
        return false;
    }
    *cell = (struct lk_names_cell){.name = name, .index = *index};
    return true;
}

uint32_t lk_names_find(const struct lk_names *names, const char *name)
{
    if (names->cell == NULL) return UINT32_MAX;
    const struct lk_names_cell *cell = place(names, name);
    return cell->name != NULL ? cell->index : UINT32_MAX;
}
