# defence: the random bytes of a private key do not stay on the stack: P-384
# file: crypto/ec/ec_agree.inc.c
# unit: crypto/ec/p384_ecdh_ref.c
# test: unit/crypto/ec/ecdh_stack_test
# red: stack_holds_no_secret
/^static void key_make/,/^}/s/LK_WIPE(\(c\|low\|high\|k\));//
