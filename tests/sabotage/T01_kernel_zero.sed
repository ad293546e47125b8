# defence: a lane that a kernel does not return holds nothing
# file: crypto/rsa/rsa_kernel.inc.c
# unit: tests/support/rsa_faulty_ref.c
# test: unit/crypto/rsa/rsa_kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static uint64_t results_out/,/^}/s/b->m, i, keep)/b->m, i, ~UINT64_C(0))/
