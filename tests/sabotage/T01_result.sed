# defence: a result of a private operation is checked with the public key
# file: crypto/engine_rsa_batch.c
# test: unit/crypto/fault_test
# red: fault_in_crt_is_computed_again fault_that_stays_gives_no_byte
/^static bool library_lane/,/^}/s/lk_rsa_result_good(&key->public, m, c)/true/
