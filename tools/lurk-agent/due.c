#include "tools/lurk-agent/due.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

bool lk_due_init(struct lk_due *due, uint32_t room)
{
    *due = (struct lk_due){.at_ns = calloc(room, sizeof *due->at_ns),
                           .place = malloc(room * sizeof *due->place),
                           .heap = calloc(room, sizeof *due->heap),
                           .room = room};
    if (due->at_ns == NULL || due->place == NULL || due->heap == NULL) return false;
    memset(due->place, 0xff, room * sizeof *due->place);
    return true;
}

void lk_due_fini(struct lk_due *due)
{
    free(due->at_ns);
    free(due->place);
    free(due->heap);
}

static void put(struct lk_due *due, uint32_t at, uint32_t index)
{
    due->heap[at] = index;
    due->place[index] = at;
}

/* The index belongs at this place or above. */
static void rise(struct lk_due *due, uint32_t at, uint32_t index)
{
    while (at > 0 && due->at_ns[due->heap[(at - 1) / 2]] > due->at_ns[index]) {
        put(due, at, due->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(due, at, index);
}

/* The index belongs at this place or below. */
static void sink(struct lk_due *due, uint32_t at, uint32_t index)
{
    for (uint32_t child = 2 * at + 1; child < due->count; child = 2 * at + 1) {
        if (child + 1 < due->count &&
            due->at_ns[due->heap[child + 1]] < due->at_ns[due->heap[child]])
            child++;
        if (due->at_ns[due->heap[child]] >= due->at_ns[index]) break;
        put(due, at, due->heap[child]);
        at = child;
    }
    put(due, at, index);
}

void lk_due_set(struct lk_due *due, uint32_t index, uint64_t at_ns)
{
    LK_ASSERT(index < due->room);
    uint64_t before = due->at_ns[index];
    bool there = due->place[index] != LK_DUE_NONE;
    due->at_ns[index] = at_ns;
    if (!there)
        rise(due, due->count++, index);
    else if (at_ns < before)
        rise(due, due->place[index], index);
    else
        sink(due, due->place[index], index);
}

void lk_due_drop(struct lk_due *due, uint32_t index)
{
    uint32_t at = due->place[index];
    if (at == LK_DUE_NONE) return;
    due->place[index] = LK_DUE_NONE;
    uint32_t last = due->heap[--due->count];
    if (last == index) return;
    if (at > 0 && due->at_ns[due->heap[(at - 1) / 2]] > due->at_ns[last])
        rise(due, at, last);
    else
        sink(due, at, last);
}

uint32_t lk_due_first(const struct lk_due *due)
{
    return due->count > 0 ? due->heap[0] : LK_DUE_NONE;
}
