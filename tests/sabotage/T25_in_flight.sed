# defence: a peer has so many requests in flight and no more
# file: io/intake.c
# test: unit/io/intake_flight_test
# red: intake_holds_a_peer_to_its_cap
s/if (conn->in_flight >= peers->view->conf->in_flight_per_peer) return LK_C_REFUSED_PEER_QUOTA;//
