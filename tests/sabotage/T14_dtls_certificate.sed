# defence: a peer of DTLS shows a certificate
# file: io/session.c
# test: unit/io/dtls_test
# red: dtls_handshake_without_a_certificate_is_refused
s/SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL/SSL_VERIFY_PEER, NULL/
