# defence: the proof of ownership holds
# file: crypto/poo.c
# test: interop/crypto_poo_test
# red: poo_vectors_hold_and_no_byte_is_free
s/if (equation_holds(curve, operand, proof)) return true;/return true;/
