# defence: certificate requests are bounded for each peer and key
# file: core/exec/exchange.c
# test: interop/cert_request_vectors_test
# red: cert_request_is_rated
s/\.rated = LK_RATED_CERT_REQUEST,//
