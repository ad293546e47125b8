# defence: a kernel of proofs that was wrong is told of
# file: crypto/engine_p256_poo.c
# test: unit/crypto/ec/p256_poo_fault_test
# red: kernel_that_refuses_all_loses_nothing
s/bool wrong = (\*good & bit) != 0 ||/bool wrong =/
