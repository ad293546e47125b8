# defence: no record too short for nonce and tag reaches OpenSSL, which would end the association
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_short_records_are_dropped
s/if (epoch != 0 && body.len < least) break;//
