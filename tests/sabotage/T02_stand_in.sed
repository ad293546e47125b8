# defence: the stand-in for bad padding is a function of key and ciphertext
# file: crypto/rsa/rsa_pad.c
# test: interop/tls12_vectors_test
# red: tls12_rsa_answers_are_those_of_the_vectors tls12_rsa_answers_repeat
s/lk_hmac(0, d_hash, 32, &(struct lk_piece){c, k}, 1, kdk);/static uint8_t often; (void)c; (void)k; (void)d_hash; memset(kdk, often++, sizeof kdk);/
