# defence: a point of small order gives no secret
# file: crypto/ec/x25519_kernel.inc.c
# unit: crypto/ec/x25519_ref.c
# test: unit/crypto/ec/ecdh_agree_test
# red: points_of_small_order_are_refused
/^static struct verdict vector_judge/,/^}/s/lane refused = .*/lane refused = lane_zero();/
