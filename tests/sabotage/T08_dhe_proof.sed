# defence: the proof of ownership of a share of DHE holds
# file: crypto/dh.c
# test: interop/crypto_dh_test
# red: dh_vectors_hold_and_no_byte_is_free
s/product_make(dh, group, r, proof, product) && BN_cmp(product, v) == 0;/product_make(dh, group, r, proof, product);/
