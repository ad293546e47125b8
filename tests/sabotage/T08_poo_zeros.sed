# defence: a sum of zeros is no proof, whatever bit of the checks goes wrong
# file: crypto/ec/ec_poo.inc.c
# unit: tests/support/ec_faulty_p256_poo_ref.c
# test: unit/crypto/ec/poo_fault_test
# red: flip_in_the_verdict_makes_no_proof_good
/^static void verdict/,/^}/s/of_lane(&p->no_y, l) != 0 || //
