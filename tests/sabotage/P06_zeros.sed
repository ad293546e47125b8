# defence: a sum of zeros is seen twice
# file: crypto/ec/ec_verify.inc.c
# unit: tests/support/ec_faulty_p256_verify_ref.c
# test: unit/crypto/ec/verify_fault_test
# red: flip_in_the_verdict_makes_no_signature_good
/^static enum lk_verify verdict/,/^}/s/of_lane(&j->no_y, 0) != 0 || //
