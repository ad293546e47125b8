# defence: a proof of one extension does not serve the other
# file: core/exec/poo.c
# test: unit/liblurk/extension_test
# red: split_proof_is_accepted_and_serves_nowhere_else
s/"split poo"/"tls12 poo"/
