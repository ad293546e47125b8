# defence: a secret leaves if both points of the ladder belong together
# file: crypto/ec/x25519_kernel.inc.c
# unit: tests/support/ecdh_faulty_x25519_ref.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static struct verdict vector_judge/,/^}/s/lane_and(ladder_holds(&b->ladder\[v\]), quotient_holds(shared))/quotient_holds(shared)/
