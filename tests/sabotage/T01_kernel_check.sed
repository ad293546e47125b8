# defence: a kernel returns no lane whose power is not what it was given
# file: crypto/rsa/rsa_kernel.inc.c
# unit: tests/support/rsa_faulty_ref.c
# test: unit/crypto/rsa/rsa_kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static uint64_t check_compare/,/^}/s/(word\[i\] - 1) >> 63 & under/under/
