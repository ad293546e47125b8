# defence: a CertificateVerify has a scheme that the client offered
# file: core/wire/tls13.c
# test: interop/tls13_vectors_test
# red: tls13_schemes_the_client_did_not_offer_are_17
s/if (lk_cursor_u16(&c) == scheme) return true;/return true;/
