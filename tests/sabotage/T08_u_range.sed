# defence: r of a proof of X25519 is below the order
# file: crypto/ec/x25519_poo.inc.c
# unit: crypto/ec/x25519_poo_ref.c
# test: unit/crypto/ec/x25519_poo_test
# red: proofs_are_judged_as_the_library_does
/^static void verdict/,/^}/s/!all_ones(&p->r_good, l) || //
