# defence: copies of requests are wiped with their calls
# file: tools/liblurk/calls.c
# test: unit/liblurk/calls_test
# red: copy_of_a_request_is_wiped_with_its_call
s/    lk_wipe(call->copy, call->copy_bytes);//
