# defence: an operand that is not below the modulus is no kernel's to compute on
# file: crypto/engine_rsa_batch.c
# test: unit/crypto/rsa/rsa_lanes_test
# red: row_takes_operands_above_the_modulus_for_zero
/^static const uint8_t \*input_of/,/^}/s/return memcmp(operand->in, key->public.n, key->public.k) < 0 ? operand->in : zeros;/return operand->in;/
