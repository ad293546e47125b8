# defence: an edge or key is opened for certificate requests by that flag's name alone
# file: core/conf/value.c
# test: unit/conf/conf_test
# red: conf_request_is_no_part_of_all_flags conf_lists_of_words_have_none_some_or_all
s/return mask & ~option->named;/return mask;/
