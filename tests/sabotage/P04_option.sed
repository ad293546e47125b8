# defence: an option that is not known refuses the key file
# file: tools/provider/keyfile.c
# test: unit/provider/keyfile_test
# red: keyfile_options_that_are_not_known_are_refused
/^static lk_err option_set/,/^}/s/    return fault(why, LK_ERR_UNKNOWN,/    return 0; return fault(why, LK_ERR_UNKNOWN,/
