# defence: no key for both signing and decryption
# file: core/conf/check.c
# test: unit/conf/conf_test
# red: conf_errors_name_file_line_option_and_what_is_allowed conf_uses_are_judged_against_the_kind_of_key
s/(key->uses & SIGN_USES) != 0 && !key->force_dual_use/false/
