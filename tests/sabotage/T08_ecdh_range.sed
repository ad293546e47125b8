# defence: a coordinate of p or more is none
# file: crypto/ec/ec_given.inc.c
# unit: crypto/ec/p256_ecdh_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: coordinate_past_p_is_refused
/^static lane point_take/,/^}/s/return lane_and(in_range, is_on_curve(x, y));/(void)in_range; return is_on_curve(x, y);/
