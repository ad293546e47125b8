# defence: a secret that is on another curve does not leave
# file: crypto/ec/ec_agree.inc.c
# unit: tests/support/ecdh_faulty_p256_ref.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_lane_gives_nothing_wrong
/^static lane result_good/,/^}/s/lane_and(point_take(x, y), lane_not(r->void_))/lane_not(r->void_)/
