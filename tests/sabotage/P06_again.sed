# defence: what the lanes refuse libcrypto is asked of
# file: tools/provider/verified.c
# test: unit/provider/verified_test
# red: right_signature_that_lanes_refuse_is_good
s/    if (word == LK_VERIFY_GOOD) return true;/    if (word != LK_VERIFY_UNDECIDED) return word == LK_VERIFY_GOOD;/
