# defence: where the equation of u says nothing the library is asked
# file: crypto/ec/x25519_poo.inc.c
# unit: crypto/ec/x25519_poo_ref.c
# test: unit/crypto/ec/x25519_poo_test
# red: no_special_number_makes_a_wrong_proof_good
/^static void verdict/,/^}/s/!all_ones(&p->decided, l)/false/
