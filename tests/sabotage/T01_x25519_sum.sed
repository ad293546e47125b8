# defence: a share leaves if it is on the curve
# file: crypto/ec/x25519_kernel.inc.c
# unit: tests/support/ecdh_faulty_x25519_ref.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane own_judge/,/^}/s/lane_and(sum_holds(&b->m\[v\].sum), quotient_holds(own))/quotient_holds(own)/
