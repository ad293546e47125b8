# defence: a modulus of composite factors is found
# file: crypto/engine_check.c
# test: unit/crypto/engine_check_test
# red: factors_are_both_judged
s/BN_check_prime(p, ctx, NULL) == 1 &&/true;/
s/^ *BN_check_prime(q, ctx, NULL) == 1;//
