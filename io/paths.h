/* paths: which association a datagram belongs to: (socket, peer's address and port, own address) to
 * the index of a conn. The hash is keyed, so no set of addresses can be chosen to collide.
 *
 * Owner   a loop; its thread only. Memory at init, one place a conn. */
#ifndef LK_IO_PATHS_H
#define LK_IO_PATHS_H

#include "crypto/siphash.h"
#include "io/buf.h"

#define LK_PATH_NONE UINT32_MAX

struct lk_path {
    uint8_t ip[16], local[16];
    uint32_t scope;
    int32_t fd;
    uint16_t family, port;
    uint32_t local_family;
};

struct lk_paths {
    struct lk_siphash_key key;
    uint32_t buckets, count_max;
    uint32_t *bucket; /* first of each chain */
    uint32_t *chain;  /* [count_max] */
    uint64_t *hash;   /* [count_max] */
    struct lk_path *path; /* [count_max] */
    bool *used;           /* [count_max] */
};

LK_MUST_USE lk_err lk_paths_init(struct lk_paths *paths, uint32_t count_max,
                                 const struct lk_siphash_key *key);
void lk_paths_fini(struct lk_paths *paths);

/* LK_PATH_NONE: nobody. */
uint32_t lk_paths_find(const struct lk_paths *paths, int fd, const struct lk_address *address);
/* index has no path yet. An older index with the same path is hidden until this one is removed. */
void lk_paths_add(struct lk_paths *paths, uint32_t index, int fd, const struct lk_address *address);
void lk_paths_remove(struct lk_paths *paths, uint32_t index); /* nothing when it has none */

/* A keyed hash of the network a peer comes from, its port left out: IPv4 address, IPv6 /64. */
uint64_t lk_paths_network(const struct lk_paths *paths, const struct lk_address *address);

#endif
