# defence: a small or even exponent is refused
# file: crypto/engine_check.c
# test: unit/crypto/engine_key_test
# red: broken_rsa_keys_are_refused_each_with_its_fault
s/if (!BN_is_odd(key->e) || BN_num_bits(key->e) < EXPONENT_BITS_MIN) return LK_KEY_EXPONENT;//
