# defence: an addition that failed gives no secret and costs no neighbour its own: P-384
# file: crypto/ec/ec_agree.inc.c
# unit: crypto/ec/p384_ecdh_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: key_without_a_result_harms_no_neighbour
/^static void result_guard/,/^}/s/fe_select(r->under, r->void_, one, under);/fe_copy(r->under, under);/
