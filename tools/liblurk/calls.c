#include "tools/liblurk/calls.h"

#include <stdlib.h>

#include "core/base/err.h"
#include "crypto/ct.h"

#define COPY_BYTES_KEPT 4096 /* a larger copy is given back when its call ends */

bool lk_calls_init(struct lk_calls *calls, uint32_t max)
{
    uint32_t places = 4;
    while (places < 2 * max)
        places *= 2;
    *calls = (struct lk_calls){.max = max, .mask = places - 1};
    calls->call = calloc(max, sizeof *calls->call);
    calls->table = malloc(places * sizeof *calls->table);
    if (calls->call == NULL || calls->table == NULL) {
        lk_calls_fini(calls);
        return false;
    }
    for (uint32_t i = 0; i < places; i++)
        calls->table[i] = LK_CALL_NONE;
    for (unsigned i = 0; i < LK_CALLS_LISTS; i++)
        calls->list[i].first = calls->list[i].last = LK_CALL_NONE;
    for (uint32_t i = 0; i < max; i++) {
        calls->call[i].previous = i > 0 ? i - 1 : LK_CALL_NONE;
        calls->call[i].next = i + 1 < max ? i + 1 : LK_CALL_NONE;
    }
    calls->list[LK_CALLS_FREE].first = 0;
    calls->list[LK_CALLS_FREE].last = max - 1;
    return true;
}

static void copy_drop(struct lk_call *call)
{
    lk_wipe(call->copy, call->copy_bytes);
    call->copy_bytes = 0;
    if (call->copy_size <= COPY_BYTES_KEPT) return;
    free(call->copy);
    call->copy = NULL;
    call->copy_size = 0;
}

void lk_calls_fini(struct lk_calls *calls)
{
    for (uint32_t i = 0; calls->call != NULL && i < calls->max; i++) {
        copy_drop(&calls->call[i]);
        free(calls->call[i].copy);
    }
    free(calls->call);
    free(calls->table);
    *calls = (struct lk_calls){0};
}

/* --- lists ------------------------------------------------------------------------------------ */

static uint32_t index_of(const struct lk_calls *calls, const struct lk_call *call)
{
    return (uint32_t)(call - calls->call);
}

static void unlink_from(struct lk_calls *calls, struct lk_call *call)
{
    struct lk_call *before = lk_calls_at(calls, call->previous);
    struct lk_call *after = lk_calls_at(calls, call->next);
    if (before != NULL)
        before->next = call->next;
    else
        calls->list[call->list].first = call->next;
    if (after != NULL)
        after->previous = call->previous;
    else
        calls->list[call->list].last = call->previous;
}

static void link_to(struct lk_calls *calls, struct lk_call *call, enum lk_call_list list)
{
    uint32_t index = index_of(calls, call);
    struct lk_call *last = lk_calls_at(calls, calls->list[list].last);
    call->list = (uint8_t)list;
    call->previous = calls->list[list].last;
    call->next = LK_CALL_NONE;
    if (last != NULL)
        last->next = index;
    else
        calls->list[list].first = index;
    calls->list[list].last = index;
}

/* --- ids -------------------------------------------------------------------------------------- */

/* Ids are random, or an agent's, whose low bits may be a number that runs: both spread. */
static uint32_t place_of(const struct lk_calls *calls, uint64_t id)
{
    return (uint32_t)(id ^ id >> 32) & calls->mask;
}

static uint32_t *slot_find(const struct lk_calls *calls, uint64_t id)
{
    for (uint32_t at = place_of(calls, id);; at = (at + 1) & calls->mask) {
        uint32_t index = calls->table[at];
        if (index == LK_CALL_NONE || calls->call[index].header.id == id) return &calls->table[at];
    }
}

/* Takes one out and closes the gap: what was placed behind it may belong before it. */
static void slot_drop(struct lk_calls *calls, uint64_t id)
{
    uint32_t *slot = slot_find(calls, id);
    LK_ASSERT(*slot != LK_CALL_NONE);
    uint32_t gap = (uint32_t)(slot - calls->table);
    for (uint32_t at = (gap + 1) & calls->mask; calls->table[at] != LK_CALL_NONE;
         at = (at + 1) & calls->mask) {
        uint32_t home = place_of(calls, calls->call[calls->table[at]].header.id);
        if (((at - home) & calls->mask) < ((at - gap) & calls->mask)) continue;
        calls->table[gap] = calls->table[at];
        gap = at;
    }
    calls->table[gap] = LK_CALL_NONE;
}

struct lk_call *lk_calls_find(const struct lk_calls *calls, uint64_t id)
{
    return lk_calls_at(calls, *slot_find(calls, id));
}

uint32_t lk_calls_tag(const struct lk_calls *calls, const struct lk_call *call)
{
    return (uint32_t)call->age << 16 | index_of(calls, call);
}

struct lk_call *lk_calls_find_tag(const struct lk_calls *calls, uint32_t tag)
{
    uint32_t index = tag & 0xffff;
    struct lk_call *call = index < calls->max ? &calls->call[index] : NULL;
    bool live = call != NULL && call->age == tag >> 16 &&
                (call->list == LK_CALLS_WAITING || call->list == LK_CALLS_FLYING);
    return live ? call : NULL;
}

/* --- life of a call --------------------------------------------------------------------------- */

struct lk_call *lk_calls_take(struct lk_calls *calls, const struct lk_header *header,
                              enum lk_call_list to)
{
    struct lk_call *call = lk_calls_first(calls, LK_CALLS_FREE);
    if (call == NULL) return NULL;
    uint32_t *slot = slot_find(calls, header->id);
    LK_ASSERT(*slot == LK_CALL_NONE);
    *slot = index_of(calls, call);
    uint8_t *copy = call->copy;
    uint32_t size = call->copy_size;
    uint16_t age = (uint16_t)(call->age + 1);
    unlink_from(calls, call);
    *call = (struct lk_call){.header = *header, .copy = copy, .copy_size = size, .age = age};
    link_to(calls, call, to);
    calls->count++;
    return call;
}

bool lk_calls_keep(struct lk_call *call, size_t len)
{
    if (len > call->copy_size) {
        uint8_t *grown = malloc(len); /* never realloc: what was there is wiped already */
        if (grown == NULL) return false;
        free(call->copy);
        call->copy = grown;
        call->copy_size = (uint32_t)len;
    }
    call->copy_bytes = (uint32_t)len;
    return true;
}

void lk_calls_move(struct lk_calls *calls, struct lk_call *call, enum lk_call_list to)
{
    if (to == LK_CALLS_ENDED && call->list != LK_CALLS_ENDED) slot_drop(calls, call->header.id);
    unlink_from(calls, call);
    link_to(calls, call, to);
}

void lk_calls_release(struct lk_calls *calls, struct lk_call *call)
{
    if (call->list != LK_CALLS_ENDED) slot_drop(calls, call->header.id);
    copy_drop(call);
    unlink_from(calls, call);
    link_to(calls, call, LK_CALLS_FREE);
    calls->count--;
}
