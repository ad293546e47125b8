# defence: a handshake over datagrams ends at its deadline
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_handshake_ends_at_its_deadline
s/conn->peers->now_ns >= handshake_end_ns(conn)/false/
