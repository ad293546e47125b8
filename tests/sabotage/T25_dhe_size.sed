# defence: DHE is served up to the size that the operator set
# file: core/exec/run_ecdhe.c
# test: interop/split_dhe_test
# red: dhe_groups_beyond_the_largest_are_none
s/return bytes <= lane->key->rights.dhe_bytes_max ? lk_dh_row(bytes, proof) : LK_ROW_COUNT;/return lk_dh_row(bytes, proof);/
