# defence: only hashes that the key's rule opens sign
# file: core/exec/run_ecdhe.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_signs_by_open_hashes_alone
s/return row->hash == HASH_INSIDE || .*/return true;/
