# defence: a flood of proofs that no kernel can tell is not judged twice
# file: crypto/engine_p256_poo.c
# test: unit/crypto/ec/p256_poo_fault_test
# red: flood_of_undecided_proofs_is_not_judged_twice
s/(!trusted || looks < LK_P256_POO_LOOKS)/(!trusted || looks < LK_P256_POO_LOOKS || (refused \& undecided) != 0)/
