# defence: a kernel of proofs that is wrong costs nobody a handshake
# file: crypto/engine_p256_poo.c
# test: unit/crypto/ec/p256_poo_fault_test
# red: kernel_that_refuses_all_loses_nothing
/^static uint64_t refusals_look/,/^}/s/trusted = false;/(void)trusted;/
