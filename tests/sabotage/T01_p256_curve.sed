# defence: a point that is on no curve gives no signature
# file: crypto/ec/p256_kernel.inc.c
# unit: tests/support/p256_faulty_ref.c
# test: unit/crypto/ec/p256_kernel_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane signing_good/,/^}/s/lane_and(on_curve(s), equation_holds(&b->m\[v\], s))/equation_holds(\&b->m[v], s)/
