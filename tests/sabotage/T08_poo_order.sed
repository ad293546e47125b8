# defence: r of a proof is below the order
# file: crypto/ec/ec_poo.inc.c
# unit: crypto/ec/p256_poo_ref.c
# test: unit/crypto/ec/poo_test
# red: no_wrong_proof_is_good any_proof_is_judged_as_it_is edges_are_judged_as_the_library_does
/^static void verdict/,/^}/s/!all_ones(&p->r_good, l)/false/
