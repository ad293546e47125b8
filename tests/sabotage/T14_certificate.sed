# defence: a peer shows a certificate
# file: io/session.c
# test: unit/io/admission_test
# red: tls_lets_in_whom_the_authority_vouches_for
s/SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL/SSL_VERIFY_NONE, NULL/
s/peer == NULL || SSL_get_verify_result(ssl) != X509_V_OK/peer == NULL/
