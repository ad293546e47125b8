# defence: a lane goes out whole or not at all
# file: crypto/ec/ec_kernel.inc.c
# unit: tests/support/ec_faulty_p256_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane signing_good/,/^}/s/return lane_xor(.*/return good;/
