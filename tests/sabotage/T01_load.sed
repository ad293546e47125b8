# defence: a key whose first operation goes wrong is refused
# file: crypto/engine_key.c
# test: unit/crypto/engine_openssl_test
# red: rsa_fault_at_load_refuses_the_key
/^static bool rsa_operation_good/,/^}/s/ && lk_rsa_result_good(&key->public, m, c)//
