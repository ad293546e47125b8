# defence: an addition that did not fit its points decides nothing: P-384
# file: crypto/ec/ec_poo.inc.c
# unit: crypto/ec/p384_poo_ref.c
# test: unit/crypto/ec/poo_test
# red: last_addition_of_equal_points_is_undecided
/^static void verdict/,/^}/s/of_lane(&p->no_y, l) != 0 || of_lane(&p->no_z, l) != 0/false/
