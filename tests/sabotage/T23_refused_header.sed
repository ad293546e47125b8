# defence: OpenSSL sees nothing of a record whose version it refuses: it would read on inside
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_short_record_inside_another_is_dropped
s/c.bad || !is_version(type, version) ||/c.bad || (type == 0 \&\& !is_version(type, version)) ||/
