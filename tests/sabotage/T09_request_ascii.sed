# defence: bytes of a subject do not become other letters in another kind of string
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_keeps_the_kind_of_what_is_not_ascii
s/ascii = value.data\[i\] < 0x80;/(void)value;/
