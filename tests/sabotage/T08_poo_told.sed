# defence: a kernel of proofs that was wrong is told of
# file: crypto/engine_poo_batch.c
# test: unit/crypto/ec/poo_fault_test
# red: kernel_that_refuses_all_loses_nothing
s/bool wrong = (\*good & bit) != 0 ||/bool wrong =/
