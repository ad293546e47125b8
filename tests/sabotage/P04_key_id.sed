# defence: a key file with another key's id is refused
# file: tools/provider/keyfile.c
# test: unit/provider/keyfile_test
# red: keyfile_with_another_keys_id_is_refused
s/LK_REQUIRE(lk_ct_equal(out->key_id, key_id.data, sizeof out->key_id),/LK_REQUIRE(true,/
