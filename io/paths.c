#include "io/paths.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct lk_path) == 48,
               "a path has no padding: it is hashed and compared as bytes");

static struct lk_path path_of(int fd, const struct lk_address *a)
{
    struct lk_path path = {.fd = fd, .family = a->peer.sa.sa_family, .port = a->peer.in.sin_port,
                           .local_family = a->local_family};
    memcpy(path.local, &a->local, sizeof path.local);
    if (path.family == AF_INET) {
        memcpy(path.ip, &a->peer.in.sin_addr, sizeof a->peer.in.sin_addr);
    } else {
        memcpy(path.ip, &a->peer.in6.sin6_addr, sizeof path.ip);
        path.scope = a->peer.in6.sin6_scope_id;
    }
    return path;
}

lk_err lk_paths_init(struct lk_paths *p, uint32_t count_max, const struct lk_siphash_key *key)
{
    *p = (struct lk_paths){.key = *key, .buckets = 1, .count_max = count_max};
    while (p->buckets < 2 * count_max)
        p->buckets *= 2;
    p->bucket = malloc(p->buckets * sizeof p->bucket[0]);
    p->chain = calloc(count_max, sizeof p->chain[0]);
    p->hash = calloc(count_max, sizeof p->hash[0]);
    p->path = calloc(count_max, sizeof p->path[0]);
    p->used = calloc(count_max, sizeof p->used[0]);
    if (p->bucket != NULL && p->chain != NULL && p->hash != NULL && p->path != NULL &&
        p->used != NULL) {
        memset(p->bucket, 0xff, p->buckets * sizeof p->bucket[0]);
        return LK_OK;
    }
    lk_paths_fini(p);
    return LK_ERR_MEMORY;
}

void lk_paths_fini(struct lk_paths *p)
{
    free(p->bucket);
    free(p->chain);
    free(p->hash);
    free(p->path);
    free(p->used);
    *p = (struct lk_paths){0};
}

static uint32_t *bucket_of(const struct lk_paths *p, uint64_t hash)
{
    return &p->bucket[(uint32_t)hash & (p->buckets - 1)];
}

uint32_t lk_paths_find(const struct lk_paths *p, int fd, const struct lk_address *address)
{
    struct lk_path path = path_of(fd, address);
    uint64_t hash = lk_siphash(&p->key, &path, sizeof path);
    uint32_t at = *bucket_of(p, hash);
    while (at != LK_PATH_NONE &&
           (p->hash[at] != hash || memcmp(&p->path[at], &path, sizeof path) != 0))
        at = p->chain[at];
    return at;
}

void lk_paths_add(struct lk_paths *p, uint32_t index, int fd, const struct lk_address *address)
{
    LK_ASSERT(index < p->count_max && !p->used[index]);
    p->path[index] = path_of(fd, address);
    p->hash[index] = lk_siphash(&p->key, &p->path[index], sizeof p->path[index]);
    uint32_t *bucket = bucket_of(p, p->hash[index]);
    p->chain[index] = *bucket;
    *bucket = index;
    p->used[index] = true;
}

void lk_paths_remove(struct lk_paths *p, uint32_t index)
{
    if (!p->used[index]) return;
    uint32_t *at = bucket_of(p, p->hash[index]);
    while (*at != index)
        at = &p->chain[*at];
    *at = p->chain[index];
    p->used[index] = false;
}

uint64_t lk_paths_network(const struct lk_paths *p, const struct lk_address *address)
{
    struct lk_path path = path_of(0, address);
    bool mapped = path.family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->peer.in6.sin6_addr);
    size_t len = path.family == AF_INET6 && !mapped ? 8 : sizeof path.ip;
    return lk_siphash(&p->key, path.ip, len);
}
