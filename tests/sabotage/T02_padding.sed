# defence: every byte of the padding is judged
# file: crypto/rsa/rsa_pad.c
# test: interop/crypto_rsa_test
# red: premaster_is_as_the_vectors_say premaster_needs_every_byte_right
s/good &= ~lk_ct_is_zero(m\[i\]);/;/
