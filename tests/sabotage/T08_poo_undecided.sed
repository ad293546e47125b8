# defence: a flood of proofs that no kernel can tell is not judged twice
# file: crypto/engine_poo_batch.c
# test: unit/crypto/ec/poo_fault_test
# red: flood_of_undecided_proofs_is_not_judged_twice
s/(!trusted || looks < LK_POO_LOOKS)/(!trusted || looks < LK_POO_LOOKS || (refused \& undecided) != 0)/
