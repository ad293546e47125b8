# defence: names that cannot be read bound nothing
# file: core/keys/cert_request.c
# test: unit/keys/cert_request_test
# red: cert_request_needs_names_that_can_be_read
s/if (most == SIZE_MAX || names_count/if (names_count/
