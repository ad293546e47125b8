# defence: a key is found under its own tenant only
# file: core/keys/keystore.c
# test: unit/keys/keystore_test
# red: keystore_keeps_tenants_apart keystore_tells_one_id_of_a_thousand_tenants_apart
s/cell->tenant == tenant && cell->name/cell->name/;s/((uint64_t)tenant << 33 | /(/
