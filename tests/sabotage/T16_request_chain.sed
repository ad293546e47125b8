# defence: a key may not be opened for requests without a chain that bounds them
# file: core/conf/check.c
# test: unit/conf/conf_test
# red: conf_errors_name_file_line_option_and_what_is_allowed
s/if ((key->flags & LK_FLAG_REQUEST) != 0 && key->chain\[0\] == 0)/if (false)/
