# defence: a peer that does not read holds so much output and no more
# file: io/conn.c
# test: unit/io/conn_test
# red: conn_output_ends_at_its_cap
s/    if (conn->pending_bytes + len > cap) return false;/    (void)cap;/
