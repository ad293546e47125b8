# defence: an addition that did not fit its points makes no signature good
# file: crypto/ec/ec_verify.inc.c
# unit: crypto/ec/p256_verify_ref.c
# test: unit/crypto/ec/verify_test
# red: last_addition_of_equal_points_is_undecided
/^static enum lk_verify verdict/,/^}/s/^    if (of_lane.*$//
