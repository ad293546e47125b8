# defence: a worker is sent no more than it has lanes for
# file: core/exec/route.c
# test: unit/exec/route_test
# red: route_sends_no_worker_more_than_its_lanes
s/if (!has_lane(route, worker, lanes)) continue;/(void)has_lane;/
