# defence: a flood of bad shares is not judged twice
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_fault_test
# red: flood_of_bad_shares_is_not_looked_at_twice
s/lk_looks_more(refused, made, good == 0)/refused != 0/
