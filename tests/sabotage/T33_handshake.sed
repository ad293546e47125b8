# defence: a handshake has a deadline
# file: io/conn.c
# test: unit/io/conn_test
# red: conn_handshake_has_a_deadline
s/lk_conn_due(conn, peers->now_ns + peers->view->conf->handshake_ms \* LK_NS_PER_MS);//
