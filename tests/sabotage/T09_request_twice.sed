# defence: a request names each name once, so that its length bounds what is judged
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/ || (seen\[at .*1) != 0) return false;/) return false;/
