# defence: a point of a small subgroup proves nothing
# file: crypto/poo.c
# test: interop/crypto_poo_test
# red: montgomery_points_outside_the_group_prove_nothing
s/if (!order_good(curve, proof)) return false;//
