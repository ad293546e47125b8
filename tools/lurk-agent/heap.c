#include "tools/lurk-agent/heap.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ct.h"

static void *take(size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    return malloc(bytes);
}

static void release(void *data, const char *file, int line)
{
    (void)file, (void)line;
    if (data != NULL) lk_wipe(data, malloc_usable_size(data));
    free(data);
}

/* Never in place: realloc would leave the old bytes behind. */
static void *change(void *data, size_t bytes, const char *file, int line)
{
    void *to = bytes > 0 ? malloc(bytes) : NULL;
    if (data == NULL) return to;
    if (to == NULL && bytes > 0) return NULL;
    size_t before = malloc_usable_size(data);
    if (to != NULL) memcpy(to, data, before < bytes ? before : bytes);
    release(data, file, line);
    return to;
}

bool lk_heap_wipes(void)
{
    return CRYPTO_set_mem_functions(take, change, release) == 1;
}
