# defence: a wrong result leaves no byte
# file: crypto/engine_rsa_batch.c
# test: unit/crypto/fault_test
# red: fault_that_stays_gives_no_byte
s/    if (!good) memset(m, 0, k);//
