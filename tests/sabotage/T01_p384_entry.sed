# defence: an entry of the table says which one it is: P-384
# file: crypto/ec/ec_point.inc.c
# unit: tests/support/ec_faulty_p384_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: entry_that_was_not_wanted_is_seen
/^static void window_pick/,/^}/s/m->stray = lane_or(m->stray, lane_shr(stray, 52));/(void)stray;/
