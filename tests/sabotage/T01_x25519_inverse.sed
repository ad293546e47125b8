# defence: a point of small order costs no neighbour its inverse
# file: crypto/ec/x25519_kernel.inc.c
# unit: crypto/ec/x25519_ref.c
# test: unit/crypto/ec/ecdh_batch_test
# red: what_is_no_share_is_the_peers_fault
/^static void quotient_guard/,/^}/s/fe_select(q->under, q->void_, one, under);/(void)one;/
