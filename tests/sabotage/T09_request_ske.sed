# defence: no ServerKeyExchange is signed that is a certificate request
# file: core/exec/run_ecdhe.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_signs_no_certificate_request
s/LK_REQUIRE(!lk_cert_request_resembles(lk_bytes_of(text, w.len)), LK_TLS12_INVALID_TLS_RANDOM);//
