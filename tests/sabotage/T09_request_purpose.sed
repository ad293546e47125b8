# defence: a request's purposes stand there once, so that their order is no message
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/if (seen == NULL || \*seen) return false;/if (seen == NULL) return false;/
