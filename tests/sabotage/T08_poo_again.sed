# defence: a kernel of proofs that is wrong costs nobody a handshake
# file: crypto/engine_poo_batch.c
# test: unit/crypto/ec/poo_fault_test
# red: kernel_that_refuses_all_loses_nothing
/^static uint64_t refusals_look/,/^}/s/trusted = false;/(void)trusted;/
