# defence: a lane that the kernel does not return is computed again
# file: crypto/engine_rsa_batch.c
# test: unit/crypto/rsa/rsa_batch_fault_test
# red: fault_in_a_kernel_is_mended_and_told
/^static uint64_t kernel_call/,/^}/s/(right >> i & 1) != 0/true/
