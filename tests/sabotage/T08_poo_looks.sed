# defence: a flood of wrong proofs is not judged twice
# file: crypto/engine_p256_poo.c
# test: unit/crypto/ec/p256_poo_fault_test
# red: flood_of_wrong_proofs_is_not_judged_twice
s/(!trusted || looks < LK_P256_POO_LOOKS)/true/
