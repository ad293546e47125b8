# defence: S is named by all of its random
# file: tools/provider/kept.c
# test: unit/provider/kept_test
# red: kept_is_found_by_its_whole_name
/^static bool s_fits/,/^}/s/sizeof s->random/16/
