# defence: only schemes of the key's kind sign
# file: core/exec/run_ecdhe.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_signs_by_schemes_of_the_keys_kind_alone
s/if (row == NULL || (row->kinds >> key->kind & 1) == 0) return false;/if (row == NULL) return false;/
