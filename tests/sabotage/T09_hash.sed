# defence: only hashes that the key's rule opens sign
# file: core/keys/scheme.h
# unit: core/exec/sign.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_signs_by_open_hashes_alone
s/return row->hash == LK_SCHEME_HASH_INSIDE || .*/return (void)hashes, true;/
