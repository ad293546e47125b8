# defence: nonces and the key's numbers are nowhere once a call returns
# file: crypto/ec/ec_kernel.inc.c
# unit: crypto/ec/p256_ref.c
# test: unit/crypto/ec/sign_test
# red: batch_of_any_fill_is_signed
s/^    lk_wipe(b->v, .*//
