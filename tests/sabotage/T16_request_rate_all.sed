# defence: a front that names a fresh edge for each gets no certificate requests without end
# file: core/exec/worker.c
# test: interop/cert_request_vectors_test
# red: cert_request_is_rated_for_all_peers
s/return kind != LK_RATED_CERT_REQUEST ||/return true ||/
