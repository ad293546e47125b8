# defence: the certificates of a request are those of the key that signs
# file: core/exec/run_tls13.c
# test: interop/tls13_vectors_test
# red: tls13_faults_have_their_status tls13_certificates_that_are_not_the_key_s_are_10
s/lk_certs_name_key(key->certs, &key->keyid, &lane->request.s_init.certificate)/true/
