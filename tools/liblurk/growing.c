#include "tools/liblurk/growing.h"

#include <stdlib.h>

#include "crypto/ct.h"

#define SIZE_MIN 2048

/* To the front of the same memory. */
static void compact(struct lk_growing *to)
{
    size_t there = to->len - to->at;
    memmove(to->data, to->data + to->at, there);
    lk_wipe(to->data + there, to->len - there);
    to->at = 0;
    to->len = there;
}

static bool grow(struct lk_growing *to, size_t need)
{
    size_t size = to->size > 0 ? to->size : SIZE_MIN, there = to->len - to->at;
    while (size < need)
        size *= 2;
    uint8_t *grown = malloc(size);
    if (grown == NULL) return false;
    if (there > 0) memcpy(grown, to->data + to->at, there);
    if (to->data != NULL) lk_wipe(to->data, to->len);
    free(to->data);
    *to = (struct lk_growing){.data = grown, .len = there, .size = size, .max = to->max};
    return true;
}

uint8_t *lk_growing_room(struct lk_growing *to, size_t want)
{
    size_t there = to->len - to->at;
    if (want > to->max || there > to->max - want) return NULL;
    if (to->len + want > to->size && to->at > 0) compact(to);
    if (to->len + want > to->size && !grow(to, there + want)) return NULL;
    return to->data + to->len;
}

void lk_growing_drop(struct lk_growing *from, size_t len)
{
    lk_wipe(from->data + from->at, len);
    from->at += len;
    if (from->at == from->len) from->at = from->len = 0;
}

void lk_growing_free(struct lk_growing *from)
{
    if (from->data != NULL) lk_wipe(from->data, from->len);
    free(from->data);
    *from = (struct lk_growing){.max = from->max};
}
