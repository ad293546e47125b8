# defence: numbers of an RSA key that do not belong together are refused
# file: crypto/engine_check.c
# test: unit/crypto/engine_key_test
# red: broken_rsa_keys_are_refused_each_with_its_fault
s/bool good = ctx != NULL && is_consistent(&key, ctx);/bool good = ctx != NULL || is_consistent(\&key, ctx);/
