# defence: a share of DHE without a proof is charged by the size of its group
# file: crypto/engine_dh.c
# test: interop/crypto_dh_test
# red: dh_shares_are_charged_by_the_size_of_their_group
s/o->extra_ns = o->group_bad ? 0 : extra_ns(o->dh_p_bytes);/o->extra_ns = 0 * extra_ns(o->dh_p_bytes);/
