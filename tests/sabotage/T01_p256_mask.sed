# defence: a lane goes out whole or not at all
# file: crypto/ec/p256_kernel.inc.c
# unit: tests/support/p256_faulty_ref.c
# test: unit/crypto/ec/p256_kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane signing_good/,/^}/s/return lane_xor(.*/return good;/
