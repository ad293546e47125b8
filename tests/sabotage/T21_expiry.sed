# defence: a connection ends with the certificate it was made with
# file: io/conn.c
# test: unit/io/tls_test
# red: tls_ends_with_its_certificate
s/conn->peers->now_unix_s <= conn->good_until_s/true/
