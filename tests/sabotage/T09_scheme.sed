# defence: only schemes of the key's kind sign
# file: core/keys/scheme.h
# unit: core/exec/sign.c
# test: unit/exec/run_ecdhe_test
# red: ecdhe_signs_by_schemes_of_the_keys_kind_alone
s/if ((kinds >> kind & 1) == 0) return false;/(void)kinds, (void)kind;/
