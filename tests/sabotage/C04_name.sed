# defence: a server has the name that was expected
# file: tools/liblurk/session.c
# test: unit/liblurk/transport_test
# red: strangers_are_refused
s/return SSL_set1_host(ssl, name) == 1 \&\& /return /
