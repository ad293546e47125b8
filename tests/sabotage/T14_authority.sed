# defence: a certificate is the authority's, in its time, for its purpose
# file: io/session.c
# test: unit/io/admission_test
# red: tls_lets_in_whom_the_authority_vouches_for
s/SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL/SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, any/
s/peer == NULL || SSL_get_verify_result(ssl) != X509_V_OK/peer == NULL/
s/^static bool harden/static int any(int ok, X509_STORE_CTX *x)\n{\n    (void)ok, (void)x;\n    return 1;\n}\n&/
