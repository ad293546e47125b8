# defence: of two that fit the provider takes none
# file: tools/provider/kept.c
# test: unit/provider/kept_test
# red: kept_twice_is_not_found
s/return count == 1 ? found : NULL;/return found;/
