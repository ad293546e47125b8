# defence: r and s of a signature are in 1 .. n - 1
# file: crypto/ec/ec_verify.inc.c
# unit: crypto/ec/p256_verify_ref.c
# test: unit/crypto/ec/verify_test
# red: numbers_of_n_and_more_are_none
s/    if (all_ones(&j->range_good, 0)) {/    {/
