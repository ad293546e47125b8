# defence: a silent peer is let go
# file: io/conn.c
# test: unit/io/conn_test
# red: conn_that_is_silent_ends
s/uint64_t due = conn->heard_ns + conf->idle_s \* LK_NS_PER_S;/uint64_t due = LK_TIME_NEVER;/
