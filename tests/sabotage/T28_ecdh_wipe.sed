# defence: keys and secrets are nowhere once a call returns
# file: crypto/ec/x25519_kernel.inc.c
# unit: crypto/ec/x25519_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: results_are_the_librarys
s/^    lk_wipe(b, sizeof \*b);//
