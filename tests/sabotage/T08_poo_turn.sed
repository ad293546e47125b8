# defence: refusals are looked at in turn
# file: crypto/engine_work.h
# unit: crypto/engine_poo_batch.c
# test: unit/crypto/ec/poo_fault_test
# red: flood_of_wrong_proofs_is_not_judged_twice
s/\*turn = (lane + 1) % 64;/*turn = 0;/
