#include "tools/lurk-agent/wireid.h"

#include <stdlib.h>
#include <string.h>

bool lk_wireids_init(struct lk_wireids *ids, uint32_t room)
{
    uint32_t size = 16;
    while (size < 2 * room)
        size *= 2;
    *ids = (struct lk_wireids){.id = calloc(size, sizeof *ids->id),
                               .index = malloc(size * sizeof *ids->index),
                               .mask = size - 1};
    if (ids->id == NULL || ids->index == NULL) return false;
    memset(ids->index, 0xff, size * sizeof *ids->index);
    return true;
}

void lk_wireids_fini(struct lk_wireids *ids)
{
    free(ids->id);
    free(ids->index);
}

/* The cell of this id, or the free one where it belongs. */
static uint32_t cell_of(const struct lk_wireids *ids, uint64_t id)
{
    uint32_t at = (uint32_t)id & ids->mask;
    while (ids->index[at] != LK_WIREID_NONE && ids->id[at] != id)
        at = (at + 1) & ids->mask;
    return at;
}

bool lk_wireids_add(struct lk_wireids *ids, uint64_t id, uint32_t index)
{
    uint32_t at = cell_of(ids, id);
    if (ids->index[at] != LK_WIREID_NONE) return false;
    ids->id[at] = id;
    ids->index[at] = index;
    return true;
}

/* What stands behind moves up, unless it would pass its own first cell. */
void lk_wireids_drop(struct lk_wireids *ids, uint64_t id)
{
    uint32_t hole = cell_of(ids, id);
    if (ids->index[hole] == LK_WIREID_NONE) return;
    for (uint32_t at = (hole + 1) & ids->mask; ids->index[at] != LK_WIREID_NONE;
         at = (at + 1) & ids->mask) {
        uint32_t own = (uint32_t)ids->id[at] & ids->mask;
        if (((at - own) & ids->mask) < ((at - hole) & ids->mask)) continue;
        ids->id[hole] = ids->id[at];
        ids->index[hole] = ids->index[at];
        hole = at;
    }
    ids->index[hole] = LK_WIREID_NONE;
}

uint32_t lk_wireids_find(const struct lk_wireids *ids, uint64_t id)
{
    return ids->index[cell_of(ids, id)];
}
