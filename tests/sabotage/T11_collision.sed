# defence: two keys of one tenant with the same id are refused
# file: core/keys/keystore.c
# test: unit/keys/keystore_test
# red: keystore_refuses_ids_that_collide_in_one_tenant
s/if (\*other != NULL) err = LK_ERR_COLLISION;//
