# defence: the choice reckons with latency
# file: tools/lurk-agent/broker.c
# test: unit/agent/fleet_test
# red: fleet_does_without_a_server_that_slows_down
s|    return latency \* (s->in_flight + 1.0) / s->weight;|    (void)latency; return (s->in_flight + 1.0) / s->weight;|
