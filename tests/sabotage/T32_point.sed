# defence: a point that is not the private key's is refused
# file: crypto/engine_check.c
# test: unit/crypto/engine_key_test
# red: broken_ec_keys_are_refused
s/ && EC_KEY_check_key(ec) == 1//
