# defence: an outcome for a call that is over reaches no other
# file: tools/liblurk/calls.c
# test: unit/liblurk/client_test
# red: agents_outcomes_are_told
s/ \&\& call->age == tag >> 16//
