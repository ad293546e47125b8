# defence: a connection has so many requests in flight and no more
# file: tools/lurk-agent/broker.c
# test: unit/agent/broker_test
# red: broker_is_full_where_its_table_or_all_lines_are
s/    uint32_t fewest = b->conf.in_flight_per_line;/    uint32_t fewest = UINT32_MAX;/
