# defence: what was computed again is checked again
# file: crypto/engine_rsa_batch.c
# test: unit/crypto/fault_test
# red: fault_that_stays_gives_no_byte
/^static bool again_without_crt/,/^}/{s/ &&$/;/;/lk_rsa_result_good/d}
