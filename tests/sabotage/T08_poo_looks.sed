# defence: a flood of wrong proofs is not judged twice
# file: crypto/engine_poo_batch.c
# test: unit/crypto/ec/poo_fault_test
# red: flood_of_wrong_proofs_is_not_judged_twice
s/(!trusted || looks < LK_POO_LOOKS)/true/
