# defence: a share of DHE lies in the large subgroup
# file: crypto/dh.c
# test: interop/crypto_dh_test
# red: dh_shares_lie_in_the_large_subgroup
s/return BN_kronecker(y, group->p, dh->ctx) == 1;/return y != NULL;/
