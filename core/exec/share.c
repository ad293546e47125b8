#include "core/exec/share.h"

#include "core/base/err.h"

void lk_share_init(struct lk_share *share, uint32_t total)
{
    *share = (struct lk_share){.total = total};
}

enum lk_share_verdict lk_share_judge(const struct lk_share *share, uint32_t tenant,
                                     uint32_t peer_held, bool alone)
{
    LK_ASSERT(tenant <= LK_SHARE_NOBODY && share->used <= share->total);
    uint32_t free = share->total - share->used;
    if (free == 0) return LK_SHARE_EMPTY;
    uint32_t bound = LK_SHARE_FACTOR * free, room = free;
    if (!alone && tenant != LK_SHARE_NOBODY) {
        if (share->held[tenant] >= bound) return LK_SHARE_TENANT;
        room = bound - share->held[tenant];
    }
    return peer_held < LK_SHARE_FACTOR * room ? LK_SHARE_OPEN : LK_SHARE_PEER;
}

void lk_share_take(struct lk_share *share, uint32_t tenant)
{
    LK_ASSERT(tenant <= LK_SHARE_NOBODY && share->used < share->total);
    share->used++;
    share->held[tenant]++;
}

void lk_share_give(struct lk_share *share, uint32_t tenant)
{
    LK_ASSERT(tenant <= LK_SHARE_NOBODY && share->held[tenant] > 0);
    share->used--;
    share->held[tenant]--;
}
