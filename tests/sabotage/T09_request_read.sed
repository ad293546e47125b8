# defence: names that cannot be read bound nothing
# file: core/keys/cert_names.c
# test: unit/keys/cert_names_test
# red: cert_names_are_read_to_their_last_byte
s/LK_REQUIRE(count != SIZE_MAX, LK_ERR_FORMAT);/if (count == SIZE_MAX) count = 0;/
