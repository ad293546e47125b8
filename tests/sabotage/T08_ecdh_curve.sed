# defence: a key is used with a point of its curve alone
# file: crypto/ec/ec_given.inc.c
# unit: crypto/ec/p256_ecdh_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: what_is_no_point_is_refused
/^static lane point_take/,/^}/s/return lane_and(in_range, is_on_curve(x, y));/return in_range;/
