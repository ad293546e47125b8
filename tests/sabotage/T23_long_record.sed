# defence: OpenSSL sees nothing of a record longer than the fragments it agreed on
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_short_record_inside_a_long_one_is_dropped
s/body.len > most/most == 0/
