/* share: how the slots, places and buffers of one loop are divided while several tenants and peers
 * want them.
 *
 * Rule    what nobody uses sets the bound. A tenant may hold up to LK_SHARE_FACTOR times as many
 *         slots as are free, and a peer up to LK_SHARE_FACTOR times as many as its tenant could
 *         still take. Who is alone gets nearly all; each that comes lowers the bound of the others,
 *         who get no more until they are below it; and a newcomer always finds free slots. The
 *         sums stand in limits.h. With one tenant there is nobody to keep slots for: its bound is
 *         the pool, and peers share that.
 * Owner   a loop, one for each class of slots. A tenant is its index in the configuration when it
 *         took the slot.
 * Progress constant time, no clock, no memory of the past. */
#ifndef LK_CORE_EXEC_SHARE_H
#define LK_CORE_EXEC_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/limits.h"

enum lk_share_verdict {
    LK_SHARE_OPEN,
    LK_SHARE_EMPTY,  /* the pool is used up */
    LK_SHARE_TENANT, /* the tenant holds its share */
    LK_SHARE_PEER    /* the peer holds its share of the tenant's */
};

/* In the place of a tenant: a peer that is not known yet. It is counted, and has no bound here. */
#define LK_SHARE_NOBODY LK_TENANTS_MAX

struct lk_share {
    uint32_t total, used;
    uint32_t held[LK_TENANTS_MAX + 1];
};

void lk_share_init(struct lk_share *share, uint32_t total);
/* May this tenant's peer, which holds peer_held slots, take one more? alone: the configuration has
 * no other tenant. */
enum lk_share_verdict lk_share_judge(const struct lk_share *share, uint32_t tenant,
                                     uint32_t peer_held, bool alone);
/* One slot; the verdict was LK_SHARE_OPEN. */
void lk_share_take(struct lk_share *share, uint32_t tenant);
void lk_share_give(struct lk_share *share, uint32_t tenant);

#endif
