# defence: no answer before the cookie is longer than the question
# file: io/datagram.c
# test: unit/io/datagram_test
# red: datagram_allowance_bounds_what_goes_out
s/(size_t)len <= d->allowance && //
