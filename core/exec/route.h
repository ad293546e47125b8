/* route: key to worker. A key has a home worker (by its handle), so that its contexts stay warm and
 * batches fill; while it is hotter than its home can serve, its requests spread to neighbours. No
 * worker is sent more than it has lanes for (limits.h).
 *
 * Owner   a loop: counts of what it has sent to each worker and not got back.
 * Progress constant time, no clock. */
#ifndef LK_CORE_EXEC_ROUTE_H
#define LK_CORE_EXEC_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/limits.h"

enum lk_lane_class { LK_LANES_SMALL, LK_LANES_LARGE, LK_LANE_CLASSES };

struct lk_route {
    uint32_t workers;
    uint64_t spread_above_ns; /* cost in flight at home above which neighbours are tried */
    uint64_t in_flight_ns[LK_WORKERS_MAX]; /* cost sent and not come home */
    uint32_t lanes[LK_LANE_CLASSES];       /* of each worker that this loop may fill */
    uint32_t in_flight[LK_LANE_CLASSES][LK_WORKERS_MAX];
};

/* One request as the route sees it. */
struct lk_load {
    uint64_t cost_ns;
    enum lk_lane_class lanes;
};

/* workers is 1 to LK_WORKERS_MAX; lanes: at least one of each class. */
void lk_route_init(struct lk_route *route, uint32_t workers, uint64_t spread_above_ns,
                   const uint32_t lanes[LK_LANE_CLASSES]);
/* The worker for this key now; *spread: not its home. Adds the load. Fewer than workers * lanes
 * requests of the class are under way: some worker has a lane. */
uint32_t lk_route_worker(struct lk_route *route, uint64_t key_handle, struct lk_load load,
                         bool *spread);
/* A request of that load came home, or was not sent after all. */
void lk_route_home(struct lk_route *route, uint32_t worker, struct lk_load load);

#endif
