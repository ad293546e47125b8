# defence: no addition is left out
# file: crypto/ec/ec_point.inc.c
# unit: tests/support/ec_faulty_p256_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
s/lane_xor(m\[v\].added, lane_all(WINDOWS - 1))/lane_zero()/
