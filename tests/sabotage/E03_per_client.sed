# defence: a client has so many requests in flight and no more
# file: tools/lurk-agent/desk.c
# test: unit/agent/desk_test
# red: desk_bounds_the_requests_of_a_client
s/    if (client->in_flight >= d->conf.in_flight_per_client)/    if (false)/
