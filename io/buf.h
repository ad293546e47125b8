/* buf: the memory that bytes of sockets lie in. Three kinds, all of one loop, all allocated at
 * start:
 *
 *   lk_buf_ring   what the kernel receives into: equal buffers that it picks itself. A buffer is
 *                 ours from its completion until lk_buf_ring_give, within one turn.
 *   lk_out        what the kernel sends from: a chunk that holds one TLS record or one batch of
 *                 datagrams; the kernel's from the submission until the completion.
 *   lk_part       where a message that came in pieces is put together.
 *
 * Owner   the loop's thread. A pool that runs empty is the caller's to answer; nothing grows. */
#ifndef LK_IO_BUF_H
#define LK_IO_BUF_H

#include <netinet/in.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/exec/share.h"

/* --- addresses ------------------------------------------------------------------------------ */

/* A peer's address, and for datagrams the local one it wrote to, so that answers leave from
 * there. */
struct lk_address {
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer;
    uint8_t local_family;  /* AF_INET, AF_INET6; 0 unknown: the kernel chooses */
    struct in6_addr local; /* AF_INET: in the first four bytes */
    uint32_t local_ifindex;
};
socklen_t lk_address_bytes(const struct lk_address *address);
#define LK_ADDRESS_TEXT_BYTES 64
/* "192.0.2.1:443", "[2001:db8::1]:443"; IPv4 inside IPv6 is written as IPv4. */
void lk_address_text(const struct lk_address *address, char text[LK_ADDRESS_TEXT_BYTES]);

/* --- output --------------------------------------------------------------------------------- */

#define LK_OUT_BYTES 16896       /* a record of 16 KiB with header, padding and tag; whole lines */
#define LK_OUT_PLAIN_BYTES 16384 /* of them, plain text for one record */
#define LK_OUTS_PER_LOOP 1024
#define LK_OUT_CONTROL_BYTES (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))

struct lk_out {
    struct lk_out *next;
    uint32_t len;   /* bytes filled */
    uint32_t sent;  /* streams: bytes the kernel took */
    uint16_t owner; /* tenant, or LK_SHARE_NOBODY */
    /* datagrams: where to; segment > 0: several datagrams of that size, the last may be shorter */
    int fd;
    uint16_t segment;
    struct lk_address to;
    struct msghdr message; /* of the loop, while it is sent */
    struct iovec vec;
    alignas(8) uint8_t control[LK_OUT_CONTROL_BYTES];
    alignas(64) uint8_t data[LK_OUT_BYTES];
};

struct lk_out_pool {
    struct lk_out *base, *free;
    uint32_t count, used;
    struct lk_share share;
};
LK_MUST_USE lk_err lk_out_pool_init(struct lk_out_pool *pool, uint32_t count);
void lk_out_pool_fini(struct lk_out_pool *pool);
/* NULL: all are in use, or the share of this owner (core/exec/share.h). The chunk is empty, its
 * other fields zero. */
struct lk_out *lk_out_take(struct lk_out_pool *pool, uint16_t owner);
void lk_out_release(struct lk_out_pool *pool, struct lk_out *out);
/* For chunks that held plain text: wipes what was filled first. */
void lk_out_release_wiped(struct lk_out_pool *pool, struct lk_out *out);

/* --- messages in pieces --------------------------------------------------------------------- */

#define LK_PARTS_SMALL_PER_LOOP 2048
#define LK_PARTS_LARGE_PER_LOOP 64
#define LK_PART_SMALL_BYTES 2048
#define LK_PART_LARGE_BYTES 65536

struct lk_part {
    struct lk_part *next;     /* in the pool */
    uint32_t len, need, size; /* filled; of the message; room */
    bool large;
    uint16_t owner; /* tenant, or LK_SHARE_NOBODY */
    uint8_t *data;
};
struct lk_part_pool {
    struct lk_part *base, *free_small, *free_large;
    struct lk_share share_small, share_large;
    uint8_t *memory;
    size_t bytes;
    uint32_t used;
};
LK_MUST_USE lk_err lk_part_pool_init(struct lk_part_pool *pool);
void lk_part_pool_fini(struct lk_part_pool *pool);
/* NULL: none left, or not for this owner (core/exec/share.h). */
struct lk_part *lk_part_take(struct lk_part_pool *pool, uint32_t bytes, uint16_t owner);
void lk_part_release(struct lk_part_pool *pool, struct lk_part *part); /* wipes what was filled */

/* --- provided buffers ----------------------------------------------------------------------- */

struct io_uring;
struct io_uring_buf_ring;

struct lk_buf_ring {
    struct io_uring_buf_ring *ring;
    uint8_t *memory;
    uint32_t count, bytes; /* power of two; bytes of one */
    uint32_t given;        /* since the last publish */
    uint16_t group;
};
LK_MUST_USE lk_err lk_buf_ring_open(struct lk_buf_ring *ring, struct io_uring *uring,
                                    uint16_t group, uint32_t count, uint32_t bytes);
/* After the io_uring is gone: nothing may be receiving. */
void lk_buf_ring_close(struct lk_buf_ring *ring);
uint8_t *lk_buf_ring_at(const struct lk_buf_ring *ring, uint16_t id);
/* Back to the kernel; takes effect at lk_buf_ring_publish, once a turn. */
void lk_buf_ring_give(struct lk_buf_ring *ring, uint16_t id);
void lk_buf_ring_publish(struct lk_buf_ring *ring);

#endif
