# defence: signatures of another scheme never go to the lanes
# file: tools/provider/verified.c
# test: unit/provider/verified_test
# red: lanes_take_no_other_scheme
s/is_of(scheme, LK_SCHEME_DIGEST) ? lanes_of/lk_scheme_find(scheme) != NULL ? lanes_of/
