# defence: the first certificate that an edge names is of the key itself, not one above it
# file: core/keys/certs.c
# test: unit/keys/keystore_test
# red: certs_begin_where_one_is_the_key_s
s/if (cert == NULL || (first \&\& !cert->own)) return false;/if (cert == NULL) return false;/
