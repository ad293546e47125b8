# defence: keys and secrets are nowhere once a call returns: P-256
# file: crypto/ec/ec_agree.inc.c
# unit: crypto/ec/p256_ecdh_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: results_are_the_librarys
s/^    lk_wipe(b->result, .*//
