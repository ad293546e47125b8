# defence: a nonce of zero costs no neighbour its inverse
# file: crypto/ec/ec_kernel.inc.c
# unit: crypto/ec/p256_ref.c
# test: unit/crypto/ec/sign_test
# red: nonce_without_a_signature_harms_no_neighbour
/^static void nonce_take/,/^}/s/fe_select(s->k_r, s->void_, other, s->k_r);//
