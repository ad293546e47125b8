# defence: what the base point is multiplied by does not stay on the stack
# file: crypto/ec/x25519_base.inc.c
# unit: crypto/ec/x25519_ref.c
# test: unit/crypto/ec/ecdh_stack_test
# red: stack_holds_no_secret
s/LK_WIPE(v);//;s/LK_WIPE(other);//
