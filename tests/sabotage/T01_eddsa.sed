# defence: an EdDSA signature is checked before it leaves
# file: crypto/engine_openssl.c
# test: unit/crypto/engine_openssl_test
# red: eddsa_fault_leaves_nothing
/^static bool eddsa_lane/,/^}/s/EVP_DigestVerify(operand->key->ed_check\[work->worker\], signature, len, operand->in,/1;/
/^static bool eddsa_lane/,/^}/{/operand->in_bytes) == 1;/{/EVP_DigestSign/!d}}
