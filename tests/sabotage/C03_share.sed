# defence: no proof is made with a number that is not the key's
# file: tools/liblurk/prover.c
# test: unit/liblurk/prover_test
# red: proof_with_a_foreign_b_is_not_made
s/                lk_ct_equal(own, point.data, point.len);/                point.len > 0;/
