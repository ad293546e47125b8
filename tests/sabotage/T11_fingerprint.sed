# defence: two keys of one tenant share no fingerprint
# file: core/keys/keystore.c
# test: unit/keys/keystore_test
# red: keystore_refuses_fingerprints_that_collide_in_one_tenant
s/    if (other != NULL) return other;//
