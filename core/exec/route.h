/* route: key to worker. A key has a home worker (by its handle), so that its contexts stay warm and
 * batches fill; while it is hotter than its home can serve, its requests spread to neighbours.
 *
 * Owner   a loop: counts of what it has sent to each worker and not got back.
 * Progress constant time, no clock. */
#ifndef LK_CORE_EXEC_ROUTE_H
#define LK_CORE_EXEC_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/limits.h"

struct lk_route {
    uint32_t workers;
    uint64_t spread_above_ns; /* cost in flight at home above which neighbours are tried */
    uint64_t in_flight_ns[LK_WORKERS_MAX]; /* cost sent and not come home */
};

/* workers is 1 to LK_WORKERS_MAX. */
void lk_route_init(struct lk_route *route, uint32_t workers, uint64_t spread_above_ns);
/* The worker for this key now; *spread: not its home. Adds cost_ns. */
uint32_t lk_route_worker(struct lk_route *route, uint64_t key_handle, uint64_t cost_ns, bool *spread);
/* A request of that cost came home, or was given up. */
void lk_route_home(struct lk_route *route, uint32_t worker, uint64_t cost_ns);

#endif
