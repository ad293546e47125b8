# defence: a key without a certificate signs no request
# file: core/exec/run_split.c
# test: interop/cert_request_vectors_test
# red: cert_request_is_bounded_by_the_key_s_own_word
s/return certs != NULL && lk_certs_own(certs) != NULL ? 0 : LK_SPLIT_INVALID_KEY_ID;/(void)certs; return 0;/
