# defence: a key of zero is none
# file: crypto/ec/ec_agree.inc.c
# unit: crypto/ec/p256_ecdh_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: key_without_a_result_harms_no_neighbour
/^static lane vector_good/,/^}/s/, lane_not(vector->zero));/, lane_all(~UINT64_C(0)));/
