# defence: a hello sent again does not take the association it made
# file: io/dtls.c
# test: unit/io/dtls_test
# red: dtls_repeated_hello_leaves_the_association
s/if (random != NULL \&\& !repeat)/if (random != NULL)/
