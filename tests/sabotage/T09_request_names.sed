# defence: a request's names are among those of the key's certificate
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_holds_what_is_listed_alone
s/if (tag != LK_DER_DNS_NAME || !names_hold(had, one)) return false;/if (tag != LK_DER_DNS_NAME) return false;/
