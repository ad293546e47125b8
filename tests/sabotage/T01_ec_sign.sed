# defence: k is noted by the signs that were applied, not by those that were picked
# file: crypto/ec/ec_point.inc.c
# unit: tests/support/ec_faulty_p256_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
s/    lane negative = sum_negative(&m->growing, window);/    lane negative = m->negative;/
