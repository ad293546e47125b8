# defence: an RSA key of less than 2048 bits is refused
# file: crypto/engine_check.c
# test: unit/crypto/engine_key_test
# red: broken_rsa_keys_are_refused_each_with_its_fault
s/if (BN_num_bits(key->n) < MODULUS_BITS_MIN) return LK_KEY_TOO_SMALL;//
