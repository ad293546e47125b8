# defence: what is signed for TLS 1.3 begins with 64 spaces of the server's own
# file: core/exec/sign.c
# test: interop/split_vectors_test
# red: split_answers_are_those_of_the_vectors
s/memset(spaces, .*/memset(spaces, 0, 64);/
