# defence: nothing older than the version asked for
# file: tools/liblurk/identity.c
# test: unit/liblurk/transport_test
# red: strangers_are_refused
s/datagram ? DTLS1_2_VERSION : tls_min)/datagram ? DTLS1_2_VERSION : TLS1_2_VERSION)/
s/static bool rules_set(SSL_CTX \*ctx, uint16_t tls_min)/static bool rules_set(SSL_CTX *ctx, __attribute__((unused)) uint16_t tls_min)/
