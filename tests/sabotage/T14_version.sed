# defence: nothing older than TLS 1.2
# file: io/session.c
# test: unit/io/admission_test
# red: tls_is_1_2_at_least
s/if (SSL_CTX_set_min_proto_version(ctx, oldest) != 1) return false;/(void)oldest; SSL_CTX_set_min_proto_version(ctx, 0); SSL_CTX_set_security_level(ctx, 0);/
s/#define CIPHERS_TLS12 /&"ALL:" /
