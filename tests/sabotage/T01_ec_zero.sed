# defence: a lane that the kernel does not return holds nothing
# file: crypto/ec/ec_kernel.inc.c
# unit: tests/support/ec_faulty_p256_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static uint64_t batch_out/,/^}/s/, good\[l\]);/, ~UINT64_C(0));/
