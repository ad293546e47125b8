#include "core/exec/route.h"

#include "core/base/err.h"

void lk_route_init(struct lk_route *route, uint32_t workers, uint64_t spread_above_ns)
{
    LK_ASSERT(workers > 0 && workers <= LK_WORKERS_MAX);
    *route = (struct lk_route){.workers = workers, .spread_above_ns = spread_above_ns};
}

/* Handles count upwards; steps of the golden ratio spread a run of them evenly over any number. */
static uint32_t home_of(uint64_t handle, uint32_t workers)
{
    uint64_t spread = (handle * 0x9e3779b97f4a7c15ull) >> 32;
    return (uint32_t)((spread * workers) >> 32);
}

/* The nearest neighbour below the bound; when all are above it, the least loaded of all. */
static uint32_t neighbour(const struct lk_route *route, uint32_t home)
{
    uint32_t least = home;
    for (uint32_t i = 1; i < route->workers; i++) {
        uint32_t worker = (home + i) % route->workers;
        if (route->in_flight_ns[worker] <= route->spread_above_ns) return worker;
        if (route->in_flight_ns[worker] < route->in_flight_ns[least]) least = worker;
    }
    return least;
}

uint32_t lk_route_worker(struct lk_route *route, uint64_t key_handle, uint64_t cost_ns, bool *spread)
{
    uint32_t home = home_of(key_handle, route->workers);
    uint32_t worker = home;
    if (route->in_flight_ns[home] > route->spread_above_ns) worker = neighbour(route, home);
    route->in_flight_ns[worker] += cost_ns;
    *spread = worker != home;
    return worker;
}

void lk_route_home(struct lk_route *route, uint32_t worker, uint64_t cost_ns)
{
    LK_ASSERT(worker < route->workers && route->in_flight_ns[worker] >= cost_ns);
    route->in_flight_ns[worker] -= cost_ns;
}
