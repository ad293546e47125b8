# defence: DHE is served in named groups alone
# file: crypto/dh.c
# test: interop/crypto_dh_test
# red: dh_groups_are_found_by_every_byte
s/ && memcmp(group->p_bytes, p, p_bytes) == 0) return group;/ \&\& p[0] == 0xff) return group;/
