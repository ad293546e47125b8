/* names: from the name of a row to its place, for one list while it is parsed.
 * Open addressing over FNV-1a; holds at most the count it was made for. Borrows the names. */
#ifndef LK_CORE_CONF_NAMES_H
#define LK_CORE_CONF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct lk_names_cell {
    const char *name; /* NULL: free */
    uint32_t index;
};

struct lk_names {
    struct lk_names_cell *cell;
    uint32_t mask;
};

bool lk_names_init(struct lk_names *names, uint32_t count);
void lk_names_fini(struct lk_names *names);
/* False: the name is there already, *index is its place; else it is entered with that index. */
bool lk_names_add(struct lk_names *names, const char *name, uint32_t *index);
/* UINT32_MAX: no such name. */
uint32_t lk_names_find(const struct lk_names *names, const char *name);

#endif
