# defence: a secret leaves if the division comes out
# file: crypto/ec/x25519_kernel.inc.c
# unit: tests/support/ecdh_faulty_x25519_ref.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane quotient_holds/,/^}/s/lane good = fe_is_zero(t);/lane good = lane_all(~UINT64_C(0));/
