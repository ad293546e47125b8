# defence: a share of P-256 has the form 04
# file: crypto/ec/ec_given.inc.c
# unit: crypto/ec/p256_ecdh_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: what_is_no_point_is_refused
/^static inline void given_load/,/^}/s/point\[0\] == 4 ? ~UINT64_C(0) : 0/~UINT64_C(0)/
