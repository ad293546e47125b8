# defence: a signature leaves if s k = e + r d holds
# file: crypto/ec/ec_kernel.inc.c
# unit: tests/support/ec_faulty_p256_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane signing_good/,/^}/s/lane_and(on_curve(s), equation_holds(&b->m\[v\], s))/on_curve(s)/
