# defence: a request's names are among those of the key's certificate
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/if (at == LK_CERT_NAMES_MAX || (seen/if (at == LK_CERT_NAMES_MAX) continue;\n        if ((seen/
