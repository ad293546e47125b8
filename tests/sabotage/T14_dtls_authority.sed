# defence: a certificate is of the authority of the channel
# file: io/session.c
# test: unit/io/dtls_test
# red: dtls_handshake_of_a_stranger_is_refused
s/SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL/SSL_VERIFY_NONE, NULL/;s/ || SSL_get_verify_result(ssl) != X509_V_OK//
