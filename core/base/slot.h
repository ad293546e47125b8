/* slot: one request in the segment, the memory that front and vault share. The job goes in, the
 * result comes out in the same bytes.
 *
 * Owner   exactly one thread at a time: the loop that took it, then (by ring) a worker, then (by
 *         ring) the loop again. The state says who; both sides check it with range and generation.
 * Trust   the vault believes nothing here: it copies the slot once into its lane and checks the
 * copy (core/exec/lane.h). The front checks status and result_bytes before it uses them. Secrets
 * the result may be a master secret: lk_slot_wipe at release, by the loop. Layout  fixed width
 * fields only; no pointers. */
#ifndef LK_CORE_BASE_SLOT_H
#define LK_CORE_BASE_SLOT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"

enum lk_slot_state {
    LK_SLOT_FREE = 0, /* in the loop's pool, or being filled */
    LK_SLOT_SENT,     /* on its way to a worker, or in its hands */
    LK_SLOT_DONE      /* on its way home */
};

/* What the front grants this request beyond the exchange itself; the vault allows each flag only
 * where the key's own rule allows it too. */
enum lk_slot_flag {
    LK_SLOT_POO_OPTIONAL = 1, /* ecdhe without a proof of ownership is acceptable for this edge */
    LK_SLOT_UNFRESH = 2,      /* sign_ske over a server random as it is */
    LK_SLOT_UNPROVED = 4      /* sign_ske without a proof of ownership */
};

/* How the vault answers besides a wire status of the extension. */
enum lk_slot_verdict {
    LK_VERDICT_ANSWER = 0,   /* status and body are the extension's answer */
    LK_VERDICT_TEMPORARY = 1 /* lurk temporary_failure: full, too late, unknown handle */
};

/* A reference as the rings carry it. */
static inline uint64_t lk_slot_ref(uint32_t generation, uint32_t index)
{
    return (uint64_t)generation << 32 | index;
}

struct lk_slot {
    uint32_t state;       /* enum lk_slot_state */
    uint32_t generation;  /* grows at each take */
    uint64_t key_handle;  /* the vault's name of the key */
    uint64_t peer_hash;   /* first 8 bytes of SHA-256(tenant u32 || identity of the edge) */
    uint64_t deadline_ns; /* past it the request is sent home, not worked */
    uint64_t sent_ns;     /* when the loop pushed it */
    uint32_t tenant;      /* index in the configuration: queue choice and audit, not a right */
    uint32_t edge;        /* index in the configuration: for the audit record */
    uint16_t exchange;    /* enum lk_exchange_id */
    uint16_t flags;       /* enum lk_slot_flag */
    uint32_t job_bytes;   /* payload of the LURK message in body */
    /* set by the worker */
    uint16_t verdict;      /* enum lk_slot_verdict */
    uint16_t status;       /* wire status of the extension, 1 = success */
    uint32_t result_bytes; /* payload of the answer in body, 0 unless success */
    uint64_t request_id;   /* LURK header id: for the audit record only */
    /* set by the front again: what this edge may have of s_init_cert_verify, as in
     * struct lk_conf_rule */
    uint8_t methods, secrets;
    /* set by the worker: what the status leaves open, for the front's log; 0: nothing. Of
     * sign_cert_request: enum lk_cert_request_fault */
    uint8_t why;
    uint8_t reserved[53];
    uint8_t body[]; /* LK_SLOT_SMALL_BODY_BYTES or LK_SLOT_LARGE_BODY_BYTES */
};

#define LK_SLOT_HEAD_BYTES 128
#define LK_SLOT_SMALL_BODY_BYTES (LK_SLOT_SMALL_BYTES - LK_SLOT_HEAD_BYTES)
#define LK_SLOT_LARGE_BODY_BYTES (LK_SLOT_LARGE_BYTES - LK_SLOT_HEAD_BYTES)

_Static_assert(sizeof(struct lk_slot) == LK_SLOT_HEAD_BYTES, "slot head is two cache lines");

/* Where the slots of an epoch lie, as this process computed it from its own configuration. Indices:
 * all loops' small slots first (loop by loop), then all large ones. */
struct lk_slot_map {
    uint8_t *base;
    uint32_t loops;
    uint32_t small_per_loop, large_per_loop;
};
static inline uint32_t lk_slot_count(const struct lk_slot_map *map)
{
    return map->loops * (map->small_per_loop + map->large_per_loop);
}
static inline size_t lk_slot_map_bytes(uint32_t loops, uint32_t small, uint32_t large)
{
    return (size_t)loops *
           ((size_t)small * LK_SLOT_SMALL_BYTES + (size_t)large * LK_SLOT_LARGE_BYTES);
}
/* NULL for an index outside. *body_bytes: room of its body; *loop: whose pool it is of. Reads no
 * shared memory. */
struct lk_slot *lk_slot_at(const struct lk_slot_map *map, uint32_t index, uint32_t *body_bytes,
                           uint32_t *loop);

/* A small slot's head and the beginning of its body are asked of the memory: they come from another
 * CPU's cache, and whoever has popped many references waits for all of them once. */
static inline void lk_slot_prefetch(const struct lk_slot_map *map, uint32_t index)
{
    enum { LINES = 5, LINE_BYTES = 64 };
    if (index >= map->loops * map->small_per_loop) return;
    const uint8_t *slot = map->base + (size_t)index * LK_SLOT_SMALL_BYTES;
    for (unsigned i = 0; i < LINES; i++)
        __builtin_prefetch(slot + (size_t)i * LINE_BYTES);
}

/* Forget job and result: the first used_bytes of the body, the longer of the two. The loop calls it
 * at release with its own idea of the length, never the slot's. */
void lk_slot_wipe(struct lk_slot *slot, uint32_t used_bytes);

#endif
