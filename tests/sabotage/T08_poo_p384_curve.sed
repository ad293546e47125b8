# defence: points of a proof lie on the curve: P-384
# file: crypto/ec/ec_given.inc.c
# unit: crypto/ec/p384_poo_ref.c
# test: unit/crypto/ec/poo_test
# red: points_that_are_none_are_told
/^static lane point_take/,/^}/s/return lane_and(in_range, is_on_curve(x, y));/return in_range;/
