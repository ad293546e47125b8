/* The secret heap of sanitizer builds: ordinary memory, which the sanitizer watches. */
#ifndef LK_JEMALLOC

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "io/secret.h"

static lk_err heap_open(void)
{
    return LK_OK;
}

static void *heap_alloc(size_t bytes, size_t align)
{
    return align != 0 ? aligned_alloc(align, (bytes + align - 1) / align * align) : malloc(bytes);
}

static void heap_release(void *memory)
{
    free(memory);
}

static size_t heap_usable(const void *memory)
{
    return malloc_usable_size((void *)(uintptr_t)memory);
}

const struct lk_secret_heap lk_secret_heap = {
    .open = heap_open, .alloc = heap_alloc, .release = heap_release, .usable = heap_usable};

#endif
