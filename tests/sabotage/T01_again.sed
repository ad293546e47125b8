# defence: what was computed again is checked again
# file: crypto/engine_openssl.c
# test: unit/crypto/fault_test
# red: fault_that_stays_gives_no_byte
s/return lk_rsa_private_plain(key->parts.rsa, c, m, k) && lk_rsa_result_good(&key->public, m, c);/return lk_rsa_private_plain(key->parts.rsa, c, m, k);/
