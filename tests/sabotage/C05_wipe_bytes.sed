# defence: answers are wiped when they were taken
# file: tools/liblurk/growing.c
# test: unit/liblurk/calls_test
# red: bytes_that_were_taken_are_wiped
/^void lk_growing_drop/,/^}/s/    lk_wipe(.*//
