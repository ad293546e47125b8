# defence: a shared secret does not stay on the stack
# file: crypto/ec/x25519_kernel.inc.c
# unit: crypto/ec/x25519_ref.c
# test: unit/crypto/ec/ecdh_stack_test
# red: stack_holds_no_secret
/^static void bytes_store/,/^}/s/LK_WIPE(out);//
