# defence: an identity that no edge has is refused
# file: io/conn.c
# test: unit/io/dtls_test
# red: dtls_handshake_of_an_unknown_edge_is_closed
s/if (conn->identity == NULL || !find_edge(conn)) {/if (conn->identity == NULL || (!find_edge(conn) \&\& (conn->edge = lk_policy_edge(peers->view->policy, \"uri:lurk:\/\/edge\/1\")) == NULL)) {/
