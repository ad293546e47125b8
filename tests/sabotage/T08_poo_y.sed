# defence: the sum of a proof has the y of vG
# file: crypto/ec/ec_poo.inc.c
# unit: crypto/ec/p256_poo_ref.c
# test: unit/crypto/ec/poo_test
# red: no_wrong_proof_is_good any_proof_is_judged_as_it_is
/^static void verdict/,/^}/s/all_ones(&p->x_same, l) && all_ones(&p->y_same, l)/all_ones(\&p->x_same, l)/
