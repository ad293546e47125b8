# defence: no single bit of a mask makes a proof of X25519 good
# file: crypto/ec/ec_digits.inc.c
# unit: tests/support/ec_faulty_x25519_poo_ref.c
# test: unit/crypto/ec/x25519_poo_fault_test
# red: flip_in_the_verdict_makes_no_proof_good
/^static inline bool all_ones/,/^}/s/== ~UINT64_C(0)/!= 0/
