# defence: a share is of the key that it was asked for, signs included
# file: crypto/ec/ec_agree.inc.c
# unit: tests/support/ecdh_faulty_p256_ref.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane own_is_of_k/,/^}/s/lane_or(stray, lane_xor(used\[i\], vector->odd\[i\]))/stray/
