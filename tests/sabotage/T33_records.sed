# defence: a handshake is not heard past a number of records
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_handshake_flooded_with_pieces_stays_small
s/peer->records <= LK_HANDSHAKE_RECORDS_MAX/true/
