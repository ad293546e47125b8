# defence: a lane that the kernel does not return holds nothing
# file: crypto/ec/p256_kernel.inc.c
# unit: tests/support/p256_faulty_ref.c
# test: unit/crypto/ec/p256_kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static uint64_t batch_out/,/^}/s/, good\[l\]);/, ~UINT64_C(0));/
