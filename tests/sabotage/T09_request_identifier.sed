# defence: no bytes of a request are an edge's own words
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/bool good = IS(identifier, digest);/bool good = identifier.len > 0;/
