/* cache: the last capabilities answer of a server, for each extension, whole. */
#include <stdlib.h>
#include <string.h>

#include "core/wire/registry.h"
#include "tools/liblurk/answer.h"

static const uint8_t extensions[] = {LURK_LURK, LURK_TLS12, LURK_TLS13, LURK_SPLIT};
#define EXTENSIONS (sizeof extensions / sizeof extensions[0])

struct lurk_cache {
    struct {
        uint8_t *message; /* NULL: nothing is kept */
        size_t len;
    } kept[EXTENSIONS];
};

struct lurk_cache *lurk_cache_new(void)
{
    return calloc(1, sizeof(struct lurk_cache));
}

void lurk_cache_free(struct lurk_cache *cache)
{
    if (cache == NULL) return;
    for (size_t i = 0; i < EXTENSIONS; i++)
        free(cache->kept[i].message);
    free(cache);
}

static size_t place_of(uint8_t extension)
{
    size_t i = 0;
    while (i < EXTENSIONS && extensions[i] != extension)
        i++;
    return i;
}

bool lurk_cache_stale(const struct lurk_cache *cache, const struct lurk_answer *answer)
{
    struct lurk_answer own;
    if (!LK_FIELDS_TAKE(own, answer) || own.status == LK_STATUS_SUCCESS) return false;
    size_t at = place_of(own.extension);
    if (at == EXTENSIONS || cache->kept[at].message == NULL || !own.has_state) return true;
    const uint8_t *state = cache->kept[at].message + cache->kept[at].len - LURK_STATE_BYTES;
    return memcmp(state, own.state, LURK_STATE_BYTES) != 0;
}

/* Each extension's reader judges what is kept. */
static int capabilities_judge(const struct lurk_answer *answer)
{
    struct lurk_capabilities lurk = {.size = sizeof lurk};
    struct lurk_tls13_capabilities tls13 = {.size = sizeof tls13};
    struct lurk_split_capabilities split = {.size = sizeof split};
    size_t count;
    switch (answer->extension) {
    case LURK_LURK: return lurk_capabilities_read(answer, &lurk);
    case LURK_TLS12: return lurk_tls12_capabilities_read(answer, NULL, 0, &count, NULL);
    case LURK_TLS13: return lurk_tls13_capabilities_read(answer, &tls13);
    case LURK_SPLIT: return lurk_split_capabilities_read(answer, &split);
    default: return LURK_ERR_ARGUMENT;
    }
}

int lurk_cache_put(struct lurk_cache *cache, const struct lurk_answer *answer)
{
    struct lurk_answer own;
    if (!LK_FIELDS_TAKE(own, answer)) return LURK_ERR_ARGUMENT;
    own.size = sizeof own;
    int judged = capabilities_judge(&own);
    if (judged < 0) return judged;
    uint8_t *copy = malloc(own.message.len);
    if (copy == NULL) return LURK_ERR_MEMORY;
    memcpy(copy, own.message.data, own.message.len);
    size_t at = place_of(own.extension);
    free(cache->kept[at].message);
    cache->kept[at].message = copy;
    cache->kept[at].len = own.message.len;
    return LURK_OK;
}

bool lurk_cache_get(const struct lurk_cache *cache, enum lurk_extension extension,
                    struct lurk_answer *answer)
{
    size_t at = place_of((uint8_t)extension);
    if (at == EXTENSIONS || cache->kept[at].message == NULL) return false;
    const uint8_t *message = cache->kept[at].message;
    size_t len = cache->kept[at].len;
    const struct lurk_answer own = {.extension = (uint8_t)extension,
                                    .type = LURK_TYPE_CAPABILITIES,
                                    .status = LK_STATUS_SUCCESS,
                                    .message = {message, len},
                                    .payload = {message + LK_HEADER_BYTES, len - LK_HEADER_BYTES}};
    return LK_FIELDS_GIVE(answer, own);
}
