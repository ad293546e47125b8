# defence: a mask of which a bit is wrong makes no signature good
# file: crypto/ec/ec_verify.inc.c
# unit: tests/support/ec_faulty_p256_verify_ref.c
# test: unit/crypto/ec/verify_fault_test
# red: flip_in_the_verdict_makes_no_signature_good
/^static enum lk_verify verdict/,/^}/s/all_ones(&j->x_same, 0) ?/of_lane(\&j->x_same, 0) != 0 ?/
