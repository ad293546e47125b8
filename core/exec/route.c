#include "core/exec/route.h"

#include "core/base/err.h"

void lk_route_init(struct lk_route *route, uint32_t workers, uint64_t spread_above_ns,
                   const uint32_t lanes[LK_LANE_CLASSES])
{
    LK_ASSERT(workers > 0 && workers <= LK_WORKERS_MAX);
    *route = (struct lk_route){.workers = workers, .spread_above_ns = spread_above_ns};
    for (unsigned c = 0; c < LK_LANE_CLASSES; c++)
        route->lanes[c] = lanes[c];
}

/* Handles count upwards; steps of the golden ratio spread a run of them evenly over any number. */
static uint32_t home_of(uint64_t handle, uint32_t workers)
{
    uint64_t spread = (handle * 0x9e3779b97f4a7c15ull) >> 32;
    return (uint32_t)((spread * workers) >> 32);
}

static bool has_lane(const struct lk_route *route, uint32_t worker, enum lk_lane_class lanes)
{
    return route->in_flight[lanes][worker] < route->lanes[lanes];
}

/* The nearest worker from home on that is below the bound; when all are above it, the least loaded
 * of all. */
static uint32_t nearest(const struct lk_route *route, uint32_t home, enum lk_lane_class lanes)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < route->workers; i++) {
        uint32_t worker = (home + i) % route->workers;
        if (!has_lane(route, worker, lanes)) continue;
        if (route->in_flight_ns[worker] <= route->spread_above_ns) return worker;
        if (least == UINT32_MAX || route->in_flight_ns[worker] < route->in_flight_ns[least])
            least = worker;
    }
    LK_ASSERT(least != UINT32_MAX);
    return least;
}

uint32_t lk_route_worker(struct lk_route *route, uint64_t key_handle, struct lk_load load,
                         bool *spread)
{
    uint32_t home = home_of(key_handle, route->workers);
    uint32_t worker = nearest(route, home, load.lanes);
    route->in_flight_ns[worker] += load.cost_ns;
    route->in_flight[load.lanes][worker]++;
    *spread = worker != home;
    return worker;
}

void lk_route_home(struct lk_route *route, uint32_t worker, struct lk_load load)
{
    LK_ASSERT(worker < route->workers && route->in_flight_ns[worker] >= load.cost_ns &&
              route->in_flight[load.lanes][worker] > 0);
    route->in_flight_ns[worker] -= load.cost_ns;
    route->in_flight[load.lanes][worker]--;
}
