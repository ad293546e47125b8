# defence: half-open handshakes of one network are bounded
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_half_open_handshakes_are_bounded
s/d->network\[network\] < LK_HANDSHAKES_PER_NETWORK_MAX/true/
