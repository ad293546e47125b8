# defence: the digits of a shared secret do not stay on the stack: P-384
# file: crypto/ec/ec_bytes.inc.c
# unit: crypto/ec/p384_ecdh_ref.c
# test: unit/crypto/ec/ecdh_stack_test
# red: stack_holds_no_secret
s/LK_WIPE(d);//
