# defence: the answer of a proof of DHE is below q
# file: crypto/dh.c
# test: interop/crypto_dh_test
# red: dh_answers_are_below_q
s/ && BN_cmp(r, group->q) < 0 &&/ \&\&/
