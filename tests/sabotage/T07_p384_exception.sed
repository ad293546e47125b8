# defence: a point that was not found costs no neighbour its own: P-384
# file: crypto/ec/ec_kernel.inc.c
# unit: crypto/ec/p384_ref.c
# test: unit/crypto/ec/sign_test
# red: nonce_without_a_signature_harms_no_neighbour
/^static void point_guard/,/^}/s/fe_select(sum->zzz, zero, one, sum->zzz);/(void)one;/
