# defence: a connection has so many requests in flight and no more
# file: tools/lurk-agent/broker.c
# test: unit/agent/broker_test
# red: broker_waits_where_all_lines_are_full
s/    uint32_t fewest = b->conf.in_flight_per_line;/    uint32_t fewest = UINT32_MAX;/
