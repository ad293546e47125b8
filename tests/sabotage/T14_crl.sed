# defence: a revoked certificate is refused
# file: io/session.c
# test: unit/io/admission_test
# red: tls_lets_in_whom_the_authority_vouches_for tls_ends_the_connection_of_a_revoked_edge
s/X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), whole_chain);/(void)whole_chain;/
