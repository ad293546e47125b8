# defence: a request's extensions are those of a list, each once
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/ && (seen >> i & 1) == 0, LK_CERT_REQUEST_EXTENSION)/, LK_CERT_REQUEST_EXTENSION)/
