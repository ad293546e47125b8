/* The heap on the secret range by jemalloc: an arena and a cache a thread, whose memory comes from
 * the range and never goes back. The sanitizers' builds take secret_plain.c in its place. */
#ifdef LK_JEMALLOC

#include <jemalloc/jemalloc.h>
#include <stdio.h>

#include "io/secret.h"

/* What a thread calls mallocx with; 0: not set up yet. */
static _Thread_local int thread_flags;

static void *hook_alloc(extent_hooks_t *hooks, void *at, size_t bytes, size_t align, bool *zero,
                        bool *commit, unsigned arena)
{
    (void)hooks, (void)arena;
    if (at != NULL) return NULL; /* the range is given out in order */
    *zero = *commit = true;
    return lk_secret_range_take(bytes, align);
}

/* Returns true: no. Memory stays mapped and is used again. */
static bool hook_keep(extent_hooks_t *hooks, void *at, size_t bytes, bool committed, unsigned arena)
{
    (void)hooks, (void)at, (void)bytes, (void)committed, (void)arena;
    return true;
}

static bool hook_split(extent_hooks_t *hooks, void *at, size_t bytes, size_t a, size_t b,
                       bool committed, unsigned arena)
{
    (void)hooks, (void)at, (void)bytes, (void)a, (void)b, (void)committed, (void)arena;
    return false;
}

static bool hook_merge(extent_hooks_t *hooks, void *a, size_t a_bytes, void *b, size_t b_bytes,
                       bool committed, unsigned arena)
{
    (void)hooks, (void)a, (void)a_bytes, (void)b, (void)b_bytes, (void)committed, (void)arena;
    return false;
}

static extent_hooks_t hooks = {
    .alloc = hook_alloc, .dalloc = hook_keep, .split = hook_split, .merge = hook_merge};

/* A heap takes no more from the range than it needs now: left to itself it takes more each time,
 * and all of it is locked. */
static bool grow_by_chunks(unsigned arena)
{
    char name[64];
    size_t limit = LK_SECRET_CHUNK_BYTES;
    snprintf(name, sizeof name, "arena.%u.retain_grow_limit", arena);
    return mallctl(name, NULL, NULL, &limit, sizeof limit) == 0;
}

static bool make_thread_flags(void)
{
    extent_hooks_t *mine = &hooks;
    unsigned arena, cache;
    size_t bytes = sizeof arena;
    if (mallctl("arenas.create", &arena, &bytes, (void *)&mine, sizeof mine) != 0) return false;
    if (!grow_by_chunks(arena)) return false;
    bytes = sizeof cache;
    if (mallctl("tcache.create", &cache, &bytes, NULL, 0) != 0) return false;
    thread_flags = (int)(MALLOCX_ARENA(arena) | MALLOCX_TCACHE(cache));
    return true;
}

static void *heap_alloc(size_t bytes, size_t align)
{
    if (thread_flags == 0 && !make_thread_flags()) return NULL;
    return mallocx(bytes, thread_flags | (align != 0 ? (int)MALLOCX_ALIGN(align) : 0));
}

static void heap_release(void *memory)
{
    /* A thread that only frees gets no arena of its own for it. */
    dallocx(memory, thread_flags != 0 ? thread_flags : MALLOCX_TCACHE_NONE);
}

static size_t heap_usable(const void *memory)
{
    return sallocx(memory, 0);
}

static lk_err heap_open(void)
{
    return make_thread_flags() ? LK_OK : LK_ERR_MEMORY;
}

const struct lk_secret_heap lk_secret_heap = {.open = heap_open,
                                              .alloc = heap_alloc,
                                              .release = heap_release,
                                              .usable = heap_usable,
                                              .in_range = true};

#endif
