# defence: the client's Finished is compared
# file: core/exec/run_tls12.c
# test: interop/tls12_vectors_test
# red: tls12_rsa_answers_are_those_of_the_vectors
s/&& !finished_good(lane)/\&\& finished_good(lane) \&\& false/
